import Foundation

// Places
extension Phone {
    /// Adds a place; gives its id.
    public func addPlace(_ place: NewPlace) async throws -> String {
        try await work { try $0.placeAdd(place: place) }
    }

    /// A place with its facts, visits, open findings and conflicts.
    public func place(_ id: String) async throws -> PlaceView {
        try await work { try $0.place(id: id) }
    }

    /// Places whose address, name or findings hold the text, best first.
    public func search(_ text: String, limit: UInt32 = 50) async throws -> [PlaceRow] {
        try await work { try $0.search(text: text, limit: limit) }
    }

    /// Places around a position (degrees, WGS 84), nearest first.
    public func near(lat: Double, lon: Double, limit: UInt32 = 50) async throws -> [PlaceRow] {
        try await work { try $0.near(lat: lat, lon: lon, limit: limit) }
    }

    /// Places in the order this phone learned them.
    public func places(limit: UInt32 = 200) async throws -> [PlaceRow] {
        try await work { try $0.places(limit: limit) }
    }

    /// Writes one fact of a place, as a person types it.
    public func setFact(_ place: String, field: String, value: String) async throws {
        try await work { try $0.placeSet(place: place, field: field, value: value) }
    }

    /// Adds a remark to a place.
    public func remark(_ place: String, _ text: String) async throws {
        try await work { try $0.placeRemark(place: place, text: text) }
    }

    /// Where to go today, most urgent first.
    public func today() async throws -> [TodayRow] {
        try await work { try $0.today() }
    }
}

// Visits
extension Phone {
    /// The checklists for a kind of place.
    public func checklists(for kind: PlaceKind) async throws -> [ChecklistRow] {
        try await work { try $0.checklists(kind: kind) }
    }

    /// Begins a visit; gives its id. A quick one asks only quick items and open findings.
    public func startVisit(_ place: String, checklist: String, quick: Bool = false) async throws -> String {
        try await work { try $0.visitStart(place: place, list: checklist, quick: quick) }
    }

    /// The questions asked now, in order. Ask again after every answer: an answer may open or hide others.
    public func questions(_ visit: String) async throws -> [Question] {
        try await work { try $0.questions(visit: visit) }
    }

    /// Saves an answer, durably. Several choices are separated by commas.
    public func answer(_ visit: String, _ item: String, _ value: String) async throws {
        try await work { try $0.answer(visit: visit, item: item, value: value) }
    }

    /// Adds a note to a visit.
    public func note(_ visit: String, _ text: String) async throws {
        try await work { try $0.note(visit: visit, text: text) }
    }

    /// A visit as it stands: answers, notes, photos, findings (live in a draft), what is missing.
    public func visit(_ id: String) async throws -> VisitView {
        try await work { try $0.visit(id: id) }
    }

    /// Visits begun and not finished, oldest first.
    public func drafts() async throws -> [VisitRow] {
        try await work { try $0.drafts() }
    }

    /// Finishes a visit and fixes its findings.
    public func finish(_ visit: String) async throws -> VisitView {
        try await work { try $0.finish(visit: visit) }
    }

    /// The advice slip of a visit in the person's language, line by line, to be shown or printed.
    public func adviceSlip(_ visit: String) async throws -> [String] {
        try await work { try $0.adviceSlip(visit: visit) }
    }
}

// Photos
extension Phone {
    /// Adds a photo (JPEG, PNG, WebP; up to 20 MB) to a visit, sealed on disk; also after the finish. It is turned
    /// upright, made smaller and stripped of everything but the picture. HEIC: decode it and hand in JPEG.
    public func addPhoto(_ visit: String, _ photo: Data, finding: String? = nil) async throws -> PhotoRow {
        try await work { try $0.photoAdd(visit: visit, photo: photo, finding: finding) }
    }

    /// Says why a finding has no photo.
    public func explainMissingPhoto(_ visit: String, finding: String, reason: String) async throws {
        try await work { try $0.photoReason(visit: visit, finding: finding, reason: reason) }
    }

    /// The photos on this phone and how far each has travelled.
    public func photos() async throws -> [PhotoRow] {
        try await work { try $0.photos() }
    }

    /// Puts photos that failed back into the queue.
    public func retryPhotos() async throws -> [PhotoRow] {
        try await work { try $0.photoRetry() }
    }

    /// The bytes of a photo taken on this phone.
    public func photoBytes(_ sha256: String) async throws -> Data {
        try await work { try $0.photoBytes(sha256: sha256) }
    }
}

// Findings, conflicts, tasks
extension Phone {
    /// Findings, gravest first; only those still open unless told otherwise.
    public func findings(openOnly: Bool = true) async throws -> [FindingRow] {
        try await work { try $0.findings(openOnly: openOnly) }
    }

    /// Fields with more than one value, waiting for a person to choose.
    public func conflicts() async throws -> [Conflict] {
        try await work { try $0.conflicts() }
    }

    /// Chooses one of the values of a conflict.
    public func settle(_ conflict: Conflict, choice: ConflictValue) async throws {
        try await work {
            try $0.settle(
                doc: conflict.doc, container: conflict.container, field: conflict.field, change: choice.change)
        }
    }

    /// Notices to this person: refused, waiting for review, decided.
    public func notices(openOnly: Bool = true) async throws -> [Notice] {
        try await work { try $0.notices(openOnly: openOnly) }
    }

    /// Puts a notice away.
    public func resolve(_ notice: Notice) async throws {
        try await work { try $0.noticeResolve(id: notice.id) }
    }

    /// The tasks on this phone.
    public func tasks(openOnly: Bool = true) async throws -> [TaskRow] {
        try await work { try $0.tasks(openOnly: openOnly) }
    }

    /// A task with its checks and remarks.
    public func task(_ id: String) async throws -> TaskView {
        try await work { try $0.task(id: id) }
    }

    /// Adds a task; gives its id.
    public func addTask(_ task: NewTask) async throws -> String {
        try await work { try $0.taskAdd(task: task) }
    }

    /// Writes down what a check on site showed.
    public func checkTask(_ task: String, outcome: CheckOutcome, note: String = "") async throws {
        try await work { try $0.taskCheck(task: task, outcome: outcome, note: note) }
    }

    /// Moves a task on without a check.
    public func setTaskStatus(_ task: String, _ status: TaskStatus) async throws {
        try await work { try $0.taskStatus(task: task, status: status) }
    }
}

// The phone itself
extension Phone {
    /// What was saved, when this opening or a call since met a damaged file. Tell the person.
    public func recovered() async throws -> Recovered? {
        try await work { try $0.recovered() }
    }

    /// How much is here, what waits, what went wrong last, in words.
    public func status() async throws -> Status {
        try await work { try $0.status() }
    }

    /// How the phone stands in words, line by line, what asks for an act first.
    public func statusWords() async throws -> [String] {
        try await work { try $0.statusWords() }
    }

    /// Reads every record strictly and tells whether all is whole. May take seconds.
    public func verify() async throws -> VerifyReport {
        try await work { try $0.verify() }
    }

    /// Counts and versions for a support request; no answer, name or address is in it.
    public func diagnostics() async throws -> String {
        try await work { try $0.diagnostics() }
    }

    /// Writes all unsent work to a file sealed with this 32-byte key; tells how much.
    public func exportRescue(to file: URL, sealKey: Data) async throws -> Rescued {
        try await work { try $0.rescueExport(file: file.path, sealKey: sealKey) }
    }

    /// Takes in a rescue file of this or another phone; tells how much.
    public func importRescue(from file: URL, sealKey: Data) async throws -> Rescued {
        try await work { try $0.rescueImport(file: file.path, sealKey: sealKey) }
    }

    /// Fails as a fault inside the core would: always ``PhoneError/Internal``. For the app's own tests; the store stays
    /// whole.
    public func rehearseFault() async throws {
        try await work { try $0.rehearseFault() }
    }

    /// For quiet moments, such as the app going to the background; never needed for safety.
    public func tend() async throws {
        try await work { try $0.tend() }
    }
}
