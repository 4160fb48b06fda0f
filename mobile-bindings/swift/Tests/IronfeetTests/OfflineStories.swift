import Foundation
import Testing

@testable import Ironfeet

/// The stories of `stories.md` that need no network, in its order.
@Suite(.serialized) struct OfflineStories {
    @Test("first visit offline")
    func firstVisit() async throws {
        try await story { device in
            let phone = try await device.begin()
            let place = try await phone.addPlace(dwelling())
            #expect(try await phone.search("东街8栋").map(\.id) == [place])
            let near = try await phone.near(lat: 33.5902, lon: 119.0202)
            #expect(near.count == 1)
            #expect((5.0...20.0).contains(near[0].metres ?? 0))
            #expect(try await phone.today().first { $0.place == place }?.why == .firstVisit)

            let list = try #require(try await phone.checklists(for: .dwelling).first { $0.id == "household" })
            let visit = try await phone.startVisit(place, checklist: list.id)
            let before = try await phone.questions(visit)
            #expect(!before.contains { $0.item == "HH-A1" }, "asked before anybody was let in")
            try await phone.answer(visit, "V-02", "entered")
            let after = try await phone.questions(visit)
            #expect(after.contains { $0.item == "HH-A1" })
            try await phone.answerAll(visit)
            try await phone.note(visit, "三楼走廊堆放纸箱")
            let done = try await phone.finish(visit)

            #expect(done.finished)
            #expect(done.missing == [])
            #expect(done.notes.map(\.text) == ["三楼走廊堆放纸箱"])
            #expect(try await phone.place(place).visits.map(\.id) == [visit])
            #expect(try await phone.status().pending > 0)
            #expect(try await phone.verify().ok)
            phone.lock()
        }
    }

    @Test("restart in the middle of a visit")
    func restart() async throws {
        try await story { device in
            let before = try await device.begin()
            let visit = try await before.startVisit(try await before.addPlace(dwelling()), checklist: "household")
            try await before.answer(visit, "V-01", "routine")
            try await before.answer(visit, "V-02", "entered")
            try await before.answer(visit, "HH-A1", "multi")
            before.lock()

            let phone = try await device.open()
            let draft = try await phone.visit(visit)
            #expect(!draft.finished)
            let given = Dictionary(uniqueKeysWithValues: draft.answers.map { ($0.item, $0.value) })
            #expect(given == ["V-01": "routine", "V-02": "entered", "HH-A1": "multi"])
            try await phone.answerAll(visit)
            #expect(try await phone.finish(visit).finished)
            phone.lock()
        }
    }

    @Test("an S1 finding shows its action card")
    func actionCard() async throws {
        try await story { device in
            let phone = try await device.begin()
            let visit = try await phone.startVisit(try await phone.addPlace(dwelling()), checklist: "household")
            try await phone.answer(visit, "V-02", "entered")
            try await phone.answer(visit, "HH-A2", "piped")
            try await phone.answer(visit, "HH-A3", "unvent")

            let findings = try await phone.visit(visit).findings
            #expect(findings.map(\.code) == ["HH-A3-F1"])
            #expect(findings[0].severity == .s1)
            #expect(findings[0].action == "立即停用，开窗通风。")
            #expect(findings[0].deadline == Deadline(clock: .urgentHour, value: 4))
            #expect(findings[0].route == .case)
            let slip = try await phone.adviceSlip(visit)
            #expect(slip.contains { $0.contains("立即停用") })

            try await phone.answer(visit, "HH-A2", "elec")
            let corrected = try await phone.visit(visit)
            #expect(corrected.findings == [])
            #expect(!corrected.answers.contains { $0.item == "HH-A3" })
            phone.lock()
        }
    }

    @Test("numbers of people are kept out")
    func personalText() async throws {
        try await story { device in
            let phone = try await device.begin()
            let visit = try await phone.startVisit(try await phone.addPlace(dwelling()), checklist: "household")
            let text = "联系 13812345678"
            let marks = [PersonalMark(hint: .phone, from: 3, to: 14)]
            #expect(try await failure { try await phone.note(visit, text) } == .PersonalText(marks: marks))
            #expect(screenText(text: text) == marks)
            #expect(try await phone.visit(visit).notes == [])
            try await phone.note(visit, "下午再来")
            #expect(try await phone.visit(visit).notes.count == 1)
            phone.lock()
        }
    }

    @Test("a wrong answer says what would be right")
    func wrongAnswer() async throws {
        try await story { device in
            let phone = try await device.begin(language: .en)
            let place = try await phone.addPlace(dwelling())
            let visit = try await phone.startVisit(place, checklist: "household")
            let wrong = try await failure { try await phone.answer(visit, "V-02", "maybe") }
            guard case .InvalidInput(field: "V-02", _) = wrong else { throw wrong }
            let storeys = try await failure { try await phone.setFact(place, field: "storeys", value: "many") }
            guard case .InvalidInput(field: "storeys", _) = storeys else { throw storeys }
            try await phone.setFact(place, field: "storeys", value: "6")
            #expect(try await phone.place(place).facts.first { $0.field == "storeys" }?.value == "6")
            phone.lock()
        }
    }

    @Test("switch person on a shared phone")
    func switchPerson() async throws {
        try await story { device in
            let li = try await device.begin("li")
            let visit = try await li.startVisit(try await li.addPlace(dwelling()), checklist: "household")
            try await li.answer(visit, "V-02", "outside")
            try await device.begin("wang").lock()

            let wang = try await li.switchTo(person: "wang")
            #expect(wang.person == "wang")
            #expect(try await wang.today() == [])
            #expect(try await failure { _ = try await li.today() } == .SignIn)
            #expect(people(home: device.home) == ["li", "wang"])

            let back = try await wang.switchTo(person: "li")
            #expect(try await back.visit(visit).answers.map(\.value) == ["outside"])
            back.lock()
        }
    }

    @Test("language switch")
    func language() async throws {
        try await story { device in
            let phone = try await device.begin()
            let visit = try await phone.startVisit(try await phone.addPlace(dwelling()), checklist: "household")
            try await phone.answer(visit, "V-02", "entered")
            try await phone.answer(visit, "HH-A2", "piped")
            try await phone.answer(visit, "HH-A3", "unvent")
            #expect(try await phone.question(visit, "HH-A1").question == "房屋类型")

            phone.language = .en
            #expect(try await phone.question(visit, "HH-A1").question == "Building type")
            #expect(try await phone.question(visit, "HH-A2").choices[0].text == "Piped gas")
            #expect(try await phone.visit(visit).findings.map(\.title) == ["Unvented heater in use"])
            #expect(try await phone.question(visit, "HH-A3").answer == "unvent")

            phone.language = .zh
            #expect(try await phone.visit(visit).findings.map(\.title) == ["使用直排式热水器"])
            phone.lock()
        }
    }

    @Test("app upgrade with an old store")
    func upgrade() async throws {
        try await story { device in
            try device.takeOver("store-v1")
            let phone = try await device.open()
            let place = try #require(try await phone.search("东街8栋").first)
            let visit = try #require(try await phone.place(place.id).visits.first).id
            #expect(try await phone.visit(visit).answers.first { $0.item == "V-02" }?.value == "entered")
            try await phone.answerAll(visit)
            #expect(try await phone.finish(visit).finished)
            #expect(try await phone.verify().ok)
            phone.lock()
        }
    }

    @Test("a store newer than the app")
    func newerStore() async throws {
        try await story { device in
            try device.takeOver("store-newer")
            let before = try Data(contentsOf: try device.database())
            let refused = try await failure { _ = try await device.open() }
            guard case .UpdateApp(let found, let known) = refused else { throw refused }
            #expect(found > known)
            #expect(try Data(contentsOf: try device.database()) == before, "the store was touched")
        }
    }

    @Test("wrong key")
    func wrongKey() async throws {
        try await story { device in
            let first = try await device.begin()
            let place = try await first.addPlace(dwelling())
            first.lock()
            let right = try device.vault.storeKey(person: "li")
            device.vault.put("li", Data(repeating: 99, count: 32))
            #expect(try await failure { _ = try await device.open() } == .WrongKey)
            device.vault.put("li", right)
            let phone = try await device.open()
            #expect(try await phone.search("东街").map(\.id) == [place])
            phone.lock()
        }
    }

    @Test("a damaged store is saved")
    func damagedStore() async throws {
        try await story { device in
            let first = try await device.begin()
            let place = try await first.addPlace(dwelling())
            first.lock()
            var bytes = try Data(contentsOf: try device.database())
            let middle = bytes.count / 2
            bytes.replaceSubrange(middle..<middle + 4096, with: Data(repeating: 0x5a, count: 4096))
            try bytes.write(to: try device.database())
            let phone = try await device.open()
            // Opening meets the page when it reads it, else the check does.
            if try await phone.recovered() == nil {
                let met = try await failure { _ = try await phone.verify() }
                guard case .DamagedStore = met else { throw met }
            }
            let told = try #require(try await phone.recovered())
            #expect(FileManager.default.fileExists(atPath: told.movedTo))
            #expect(told.documents == 1)
            #expect(told.torn.isEmpty)
            #expect(try await phone.places().map(\.id) == [place])
            #expect(try await phone.verify().ok)
            phone.lock()
        }
    }

    @Test("rescue onto another phone")
    func rescue() async throws {
        try await story { device in
            let seal = Data(repeating: 7, count: 32)
            let file = device.folder.appendingPathComponent("rescue.bin")
            let dying = try await device.begin()
            let visit = try await dying.startVisit(try await dying.addPlace(dwelling()), checklist: "household")
            try await dying.answer(visit, "V-02", "entered")
            #expect(try await dying.exportRescue(to: file, sealKey: seal).changes > 0)
            dying.lock()
            try await story { other in
                let phone = try await other.begin()
                let wrong = Data(repeating: 8, count: 32)
                _ = try await failure { _ = try await phone.importRescue(from: file, sealKey: wrong) }
                #expect(try await phone.importRescue(from: file, sealKey: seal).documents == 2)
                #expect(try await phone.visit(visit).answers.map(\.value) == ["entered"])
                #expect(try await phone.search("东街").count == 1)
                phone.lock()
            }
        }
    }

    @Test("a screen that follows")
    func screen() async throws {
        try await story { device in
            let phone = try await device.begin()
            let watched = phone.watch { try await $0.today() }
            async let shown = watched.first { !$0.isEmpty }
            _ = try await phone.addPlace(dwelling())
            #expect(try await shown?.map(\.why) == [.firstVisit])
            // A change in the very moment of the first reading is not missed.
            let once = Once()
            let both = phone.watch { phone in
                let seen = try await phone.today().count
                if once.first() { _ = try await phone.addPlace(dwelling("平川市西街1号")) }
                return seen
            }
            #expect(try await both.first { $0 == 2 } == 2)
            phone.lock()
        }
    }

    @Test("a fault inside is an error")
    func fault() async throws {
        try await story { device in
            let phone = try await device.begin()
            let place = try await phone.addPlace(dwelling())
            let fault = try await failure { try await phone.rehearseFault() }
            #expect(fault == .Internal)
            #expect(!"\(fault) \(fault.localizedDescription)".contains("rehearsed"), "the text of a fault came out")
            #expect(try await failure { try await phone.rehearseFaultInSync() } == .Internal)
            let told = try await phone.diagnostics()
            #expect(told.contains("last_fault ffi/src/phone/") && !told.contains("rehearsed"))
            #expect(try await phone.search("东街").map(\.id) == [place])
            try await phone.setFact(place, field: "storeys", value: "6")
            #expect(try await phone.verify().ok)
            phone.lock()
        }
    }

    @Test("a photo kept in the queue")
    func photo() async throws {
        try await story { device in
            let picture = try #require(picture)
            let before = try await device.begin()
            let visit = try await before.startVisit(try await before.addPlace(dwelling()), checklist: "household")
            try await before.answer(visit, "V-02", "entered")
            try await before.answer(visit, "HH-A2", "piped")
            try await before.answer(visit, "HH-A3", "unvent")
            let added = try await before.addPhoto(visit, picture, finding: "HH-A3-F1")
            #expect(added.state == .waiting && added.media == "image/jpeg")
            let made = try await before.photoBytes(added.sha256)
            let wrong = try await failure { _ = try await before.addPhoto(visit, Data("no picture".utf8)) }
            guard case .InvalidInput = wrong else { throw wrong }
            let heic = Data([0, 0, 0, 24]) + Data("ftypheic".utf8) + Data(count: 100)
            let unread = try await failure { _ = try await before.addPhoto(visit, heic) }
            guard case .InvalidInput(_, let why) = unread, why.contains("JPEG") else { throw unread }
            try await before.explainMissingPhoto(visit, finding: "HH-A3-F1", reason: "光线太暗")
            before.lock()

            let phone = try await device.open()
            let kept = try #require(try await phone.photos().first)
            #expect(kept.state == .waiting)
            #expect(try await phone.status().photosWaiting == 1)
            #expect(try await phone.visit(visit).photos.map(\.finding) == ["HH-A3-F1"])
            let read = try await phone.photoBytes(kept.sha256)
            #expect(!made.isEmpty && read == made)
            #expect(try await phone.retryPhotos() == [kept])
            phone.lock()
        }
    }

    @Test("a task from a finding to its check")
    func task() async throws {
        try await story { device in
            let phone = try await device.begin()
            let place = try await phone.addPlace(dwelling())
            let due: Int64 = 1_795_395_600_000
            let task = try await phone.addTask(NewTask(place: place, title: "复查热水器", finding: "HH-A3-F1", due: due))
            #expect(try await phone.tasks().map(\.due) == [due])
            #expect(try await phone.today().contains { $0.place == place })
            try await phone.checkTask(task, outcome: .fail, note: "仍在使用")
            #expect(try await phone.tasks().map(\.id) == [task])
            try await phone.checkTask(task, outcome: .pass)
            #expect(try await phone.tasks() == [])
            #expect(try await phone.task(task).checks.map(\.outcome) == [.fail, .pass])
            phone.lock()
        }
    }

    @Test("a request for help without personal data")
    func help() async throws {
        try await story { device in
            let phone = try await device.begin("li.mei")
            let visit = try await phone.startVisit(try await phone.addPlace(dwelling()), checklist: "household")
            try await phone.note(visit, "下午再来")
            let said = try await phone.diagnostics()
            #expect(said.contains("places 1") && said.contains("drafts 1"))
            for secret in ["东街", "下午", "li.mei", try await phone.status().installId] {
                #expect(!said.contains(secret))
            }
            phone.lock()
        }
    }
}
