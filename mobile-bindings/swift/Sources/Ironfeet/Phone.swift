import Foundation

/// One person's work on this phone: everything an app can do, with or without a network.
///
/// Call it from any task or actor, the main actor too: calls suspend while the disk works. What a method
/// returned is on disk. Failures are ``PhoneError``s named by what the app must do. ``lock()`` it when the
/// person leaves; its key is then wiped from memory.
public final class Phone: Sendable {
    private let core: PhoneCore
    private let ear: Ear
    private let home: Home
    private let vault: any KeyVault
    private let transport: (any Transport)?
    private let signer: (any Signer)?
    private let desk = DispatchQueue(label: "ironfeet.desk", qos: .userInitiated)

    private init(
        core: PhoneCore, ear: Ear, home: Home, vault: any KeyVault, transport: (any Transport)?, signer: (any Signer)?
    ) {
        self.core = core
        self.ear = ear
        self.home = home
        self.vault = vault
        self.transport = transport
        self.signer = signer
    }

    /// Opens the store of a person who has worked on this phone before. A `transport` is only for apps that must
    /// reach the server by a way of their own, a `signer` for those whose hardware shall hold the device's key; so it
    /// is with the two below. Who enrolled with a signer gives it ever after.
    public static func open(
        home: Home, vault: any KeyVault, person: String, language: Lang = .zh, transport: (any Transport)? = nil,
        signer: (any Signer)? = nil
    ) async throws -> Phone {
        try await off {
            let ear = Ear()
            let core = try PhoneCore.open(
                home: home, vault: vault, listener: ear, transport: transport, signer: signer, person: person,
                language: language)
            return Phone(core: core, ear: ear, home: home, vault: vault, transport: transport, signer: signer)
        }
    }

    /// Makes the store of a person new to this phone; works without a network.
    public static func begin(
        home: Home, vault: any KeyVault, post: Post, language: Lang = .zh, transport: (any Transport)? = nil,
        signer: (any Signer)? = nil
    ) async throws -> Phone {
        try await off {
            let ear = Ear()
            let core = try PhoneCore.begin(
                home: home, vault: vault, listener: ear, transport: transport, signer: signer, post: post,
                language: language)
            return Phone(core: core, ear: ear, home: home, vault: vault, transport: transport, signer: signer)
        }
    }

    /// Makes the store of the person whose enrolment text was scanned; the server says post and grids.
    public static func join(
        home: Home, vault: any KeyVault, qr: String, language: Lang = .zh, transport: (any Transport)? = nil,
        signer: (any Signer)? = nil
    ) async throws -> Phone {
        let ear = Ear()
        let core = try await PhoneCore.join(
            home: home, vault: vault, listener: ear, transport: transport, signer: signer, qr: qr, language: language)
        return Phone(core: core, ear: ear, home: home, vault: vault, transport: transport, signer: signer)
    }

    /// Enrols a phone that was set up without a server, or whose key is gone (``PhoneError/EnrolAgain(why:)``), by the
    /// scanned text; its work so far goes with the next sync.
    public func enrol(qr: String) async throws {
        try await core.enrol(home: home, qr: qr)
    }

    /// Sends what waits and takes in what is new; answers may be saved meanwhile. Cancel the task to stop it: what
    /// came before is kept, and the next sync goes on from there.
    @discardableResult
    public func sync() async throws -> SyncReport {
        let stop = Stop()
        do {
            return try await withTaskCancellationHandler {
                try await core.sync(stop: stop)
            } onCancel: {
                stop.stop()
            }
        } catch {
            try Task.checkCancellation()
            throw error
        }
    }

    /// A sync for the background that ends when its time is over; `nil` when something is left.
    public func syncSlice(milliseconds: UInt64) async throws -> SyncReport? {
        try await core.syncSlice(budgetMs: milliseconds)
    }

    /// Fails as a fault inside the core's own task would, where a sync runs: always ``PhoneError/Internal``.
    public func rehearseFaultInSync() async throws {
        try await core.rehearseFaultInSync()
    }

    /// Sends photos that wait, oldest first; call it after ``sync()``. One that fails rests, or is given up with its
    /// reason in ``photos()``, and the next one goes. Cancel the task to stop it: it goes on where it was.
    @discardableResult
    public func sendPhotos(
        _ budget: PhotoBudget = PhotoBudget(freeLineOnly: false, lineIsFree: true, bytesMax: nil)
    ) async throws -> PhotoReport {
        let stop = Stop()
        let report = try await withTaskCancellationHandler {
            try await core.photoSend(budget: budget, stop: stop)
        } onCancel: {
            stop.stop()
        }
        try Task.checkCancellation()
        return report
    }

    /// A photo of any phone, or a small picture of it: from here where it is, else from the server.
    public func photo(_ sha256: String, thumb: Bool = false) async throws -> Data {
        try await core.photoGet(sha256: sha256, thumb: thumb)
    }

    /// How far the photos on their way have come.
    public var photoProgress: AsyncStream<PhotoProgress> { ear.photos() }

    /// How far the running sync has come.
    public var progress: AsyncStream<Progress> { ear.progress() }

    /// Emits when something that a screen may show has changed: by this phone, or by a sync.
    public var changes: AsyncStream<Void> { ear.changes() }

    /// What the syncs of this process bring: refused, waiting for review, decided. For a message at once;
    /// ``notices(openOnly:)`` has each until it is put away.
    public var newNotices: AsyncStream<Notice> { ear.notices() }

    /// Reads now, and again whenever something changed: `phone.watch { try await $0.today() }`.
    public func watch<T: Sendable>(
        _ read: @escaping @Sendable (Phone) async throws -> T
    ) -> AsyncThrowingStream<T, any Error> {
        let changes = ear.changes()
        return AsyncThrowingStream { stream in
            let task = Task {
                do {
                    stream.yield(try await read(self))
                    for await _ in changes {
                        stream.yield(try await read(self))
                    }
                    stream.finish()
                } catch {
                    stream.finish(throwing: error)
                }
            }
            stream.onTermination = { _ in task.cancel() }
        }
    }

    /// The language of questions, findings and messages.
    public var language: Lang {
        get { core.language() }
        set {
            core.setLanguage(language: newValue)
            ear.changed()
        }
    }

    /// Whose store this is.
    public var person: String { core.person() }

    /// Locks the store. Every later call fails with ``PhoneError/SignIn``.
    public func lock() {
        core.lock()
    }

    /// Locks this store and opens another person's on the same phone. Unsent work of both stays where it is.
    public func switchTo(person: String) async throws -> Phone {
        let language = language
        lock()
        return try await Phone.open(
            home: home, vault: vault, person: person, language: language, transport: transport, signer: signer)
    }

    /// Runs a call of the core on this phone's queue, so that no thread of Swift's pool waits for the disk.
    func work<T: Sendable>(_ call: @escaping @Sendable (PhoneCore) throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { done in
            desk.async { done.resume(with: Result { try call(self.core) }) }
        }
    }

    private static func off<T: Sendable>(_ call: @escaping @Sendable () throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { done in
            DispatchQueue.global().async { done.resume(with: Result { try call() }) }
        }
    }
}
