import Foundation
import Testing

@testable import Ironfeet

/// The stories of `stories.md` with a real server on loopback, in its order.
@Suite(.serialized) struct ServerStories {
    @Test("offline first, enrolled later")
    func enrolledLater() async throws {
        try await story { device in
            let server = try Server()
            defer { server.close() }
            let phone = try await device.begin("li")
            let place = try await phone.addPlace(dwelling())
            #expect(try await refusal { _ = try await phone.sync() } == "not_enrolled")
            let none = try await failure { try await phone.enrol(qr: "https://example.org") }
            guard case .InvalidInput(field: "qr", _) = none else { throw none }
            #expect(try await refusal { try await phone.enrol(qr: try server.invite("wang")) } == "other_person")
            try await phone.enrol(qr: try server.invite("li"))
            #expect(try await phone.sync().pushed == 1)
            #expect(try await phone.status().pending == 0)
            #expect(try await phone.status().lastSuccess != nil)
            #expect(try await phone.search("东街").map(\.id) == [place])
            phone.lock()
        }
    }

    @Test("two phones, one place, one conflict")
    func conflict() async throws {
        try await story { device in
            let server = try Server()
            defer { server.close() }
            let second = try Device()
            defer { second.gone() }
            let li = try await device.join(try server.invite("li"))
            let wang = try await second.join(try server.invite("wang"))
            let place = try await li.addPlace(dwelling())
            try await li.sync()
            try await wang.sync()
            #expect(try await wang.search("东街").map(\.id) == [place])

            try await li.setFact(place, field: "building_type", value: "砖混")
            try await wang.setFact(place, field: "building_type", value: "框架")
            try await li.sync()
            try await wang.sync()
            try await li.sync()
            let conflict = try #require(try await li.conflicts().first)
            #expect(conflict.field == "building_type")
            #expect(conflict.label == "建筑类型")
            #expect(Set(conflict.values.map(\.words)) == ["砖混", "框架"])
            #expect(try await li.conflicts() == [conflict])
            #expect(try await wang.conflicts() == [conflict])

            let choice = try #require(conflict.values.first { $0.value == "砖混" })
            try await wang.settle(conflict, choice: choice)
            try await wang.sync()
            try await li.sync()
            for phone in [li, wang] {
                #expect(try await phone.conflicts() == [])
                let facts = try await phone.place(place).facts
                #expect(facts.first { $0.field == "building_type" }?.value == "砖混")
                #expect(try await phone.verify().ok)
                phone.lock()
            }
        }
    }

    @Test("a large first download with progress and cancel")
    func firstDownload() async throws {
        try await story { device in
            let server = try Server()
            defer { server.close() }
            let second = try Device()
            defer { second.gone() }
            let first = try await device.join(try server.invite("li"))
            for n in 0..<1200 { _ = try await first.addPlace(dwelling("平川市东街\(n)号")) }
            while try await first.status().pending > 0 { try await first.sync() }
            first.lock()

            let phone = try await second.join(try server.invite("wang"))
            let heard = phone.progress
            let sync = Task { try await phone.sync() }
            let progress = try #require(await heard.first { _ in true })
            #expect(progress.documentsTotal >= progress.documentsDone)
            sync.cancel()
            let stopped = await sync.result
            #expect(throws: CancellationError.self) { try stopped.get() }
            #expect(try await phone.status().places < 1200, "it was too late to stop")
            while try await phone.sync().unfinished {}
            #expect(try await phone.status().places == 1200)
            #expect(try await phone.verify().ok)
            phone.lock()
        }
    }

    @Test("lost network in the middle")
    func lostNetwork() async throws {
        try await story { device in
            let server = try Server()
            defer { server.close() }
            let phone = try await device.join(try server.invite("li"))
            _ = try await phone.addPlace(dwelling("平川市东街1号"))
            try await phone.sync()
            server.stop()
            _ = try await phone.addPlace(dwelling("平川市东街2号"))
            let lost = try await failure { try await phone.sync() }
            guard case .Retry = lost else { throw lost }
            #expect(try await phone.status().pending == 1)
            #expect(try await phone.status().lastFailure != nil)
            let words = try await phone.statusWords()
            #expect(words[0].hasPrefix("上次同步未成功："))
            #expect(words[1] == "1 次修改待上传")
            #expect(words[2] == "还可离线工作 71 小时")
            try server.start()
            #expect(try await phone.sync().pushed == 1)
            #expect(try await phone.status().lastFailure == nil)
            #expect(try await phone.statusWords()[0] == "所有记录已上传")
            phone.lock()
        }
    }

    @Test("a revoked phone hands in its work")
    func revoked() async throws {
        try await story { device in
            let server = try Server()
            defer { server.close() }
            let phone = try await device.join(try server.invite("li"))
            let place = try await phone.addPlace(dwelling())
            try await phone.sync()
            try await phone.setFact(place, field: "storeys", value: "6")
            try await phone.setFact(place, field: "building_type", value: "砖混")
            try server.revokeAll()
            #expect(try await phone.sync().quarantined == 2)
            #expect(try await phone.status().waitingForReview == 2)
            let told = try await phone.notices()
            #expect(told.map(\.text) == ["有 2 次修改等待督导员审核，无需重做，可继续工作：本机已停用"])
            #expect(told.first?.records.map(\.count) == [2])
            for notice in told { try await phone.resolve(notice) }
            #expect(try await phone.place(place).facts.first { $0.field == "storeys" }?.value == "6")

            let tickets = try server.tickets()
            #expect(tickets.count == 2)
            try server.review("accept", tickets[0])
            try server.review("discard", tickets[1])
            let news = phone.newNotices
            try await phone.sync()
            var heard: Set<String> = []
            for await notice in news.prefix(2) { heard.insert(notice.code) }
            #expect(heard == ["review_accepted", "review_discarded"])
            phone.language = .en
            let notices = try await phone.notices()
            let outcome = Dictionary(uniqueKeysWithValues: notices.map { ($0.code, $0.text) })
            #expect(outcome["review_accepted"] == "the review took your change: this phone was revoked")
            #expect(outcome["review_discarded"]?.contains("did not take your change") == true)
            #expect(try await phone.status().waitingForReview == 0)
            phone.lock()
        }
    }

    @Test("a slice in the background")
    func slice() async throws {
        try await story { device in
            let server = try Server()
            defer { server.close() }
            let phone = try await device.join(try server.invite("li"))
            _ = try await phone.addPlace(dwelling())
            #expect(try await phone.syncSlice(milliseconds: 0) == nil, "no time, and yet it was done")
            #expect(try await phone.status().pending == 1)
            let report = try #require(try await phone.syncSlice(milliseconds: 20_000))
            #expect(report.pushed == 1)
            #expect(!report.unfinished)
            phone.lock()
        }
    }

    @Test("a way of the app's own")
    func ownWay() async throws {
        try await story { device in
            let server = try Server()
            defer { server.close() }
            let second = try Device()
            defer { second.gone() }
            let network = Network()
            let way = network.transport
            let first = try await Phone.join(
                home: device.home, vault: device.vault, qr: try server.invite("li"), transport: way)
            for n in 0..<1200 { _ = try await first.addPlace(dwelling("平川市东街\(n)号")) }
            while try await first.status().pending > 0 { try await first.sync() }
            first.lock()

            let phone = try await Phone.join(
                home: second.home, vault: second.vault, qr: try server.invite("wang"), language: .en, transport: way)
            while try await phone.sync().unfinished {}
            #expect(try await phone.status().places == 1200)
            #expect(try await phone.verify().ok)
            network.online = false
            let why = "the server cannot be reached: it will be tried again"
            #expect(try await failure { try await phone.sync() } == .Retry(why: why))
            #expect(try await phone.status().lastFailure == why)
            #expect(network.carried > 4, "the core went another way")
            phone.lock()
        }
    }

    @Test("a key in the phone's hardware")
    func hardwareKey() async throws {
        try await story { device in
            let server = try Server()
            defer { server.close() }
            let hardware = PocketSigner()
            let first = try await Phone.join(
                home: device.home, vault: device.vault, qr: try server.invite("li"), signer: hardware)
            let place = try await first.addPlace(dwelling())
            #expect(try await first.sync().pushed == 1)
            #expect(hardware.signed >= 2, "something else signed")

            try await first.setFact(place, field: "storeys", value: "6")
            hardware.locked = true
            #expect(try await failure { try await first.sync() } == .SignIn)
            hardware.locked = false
            #expect(try await first.sync().pushed == 1)
            first.lock()

            // Another phone has the data, and not the hardware.
            let bare = try await device.open()
            guard case .EnrolAgain = try await failure({ try await bare.sync() }) else { throw Unfailed() }
            bare.lock()

            let phone = try await Phone.open(
                home: device.home, vault: device.vault, person: "li", language: .en, signer: hardware)
            hardware.lose()
            try await phone.setFact(place, field: "building_type", value: "砖混")
            let gone = try await failure { try await phone.sync() }
            guard case .EnrolAgain(let why) = gone else { throw gone }
            #expect(why.contains("scan a new enrolment code"))
            #expect(try await phone.status().lastFailure == why)
            #expect(try await phone.status().pending == 1)

            try await phone.enrol(qr: try server.invite("li"))
            #expect(try await phone.sync().pushed == 1)
            #expect(try await phone.status().pending == 0)
            #expect(try await phone.verify().ok)
            phone.lock()

            let second = try Device()
            defer { second.gone() }
            let wang = try await second.join(try server.invite("wang"))
            try await wang.sync()
            let facts = try await wang.place(place).facts
            #expect(facts.first { $0.field == "storeys" }?.value == "6")
            #expect(facts.first { $0.field == "building_type" }?.value == "砖混")
            wang.lock()
        }
    }

    @Test("photo resumed")
    func photoResumed() async throws {
        try await story { device in
            let server = try Server()
            defer { server.close() }
            let piece = 256 * 1024
            let onePiece = PhotoBudget(freeLineOnly: false, lineIsFree: true, bytesMax: 1)
            let before = try await Phone.join(home: device.home, vault: device.vault, qr: try server.invite("li"))
            let visit = try await before.startVisit(try await before.addPlace(dwelling()), checklist: "household")
            let first = try await before.addPhoto(visit, grainyPicture()).sha256
            let made = try await before.photoBytes(first)
            #expect(made.count > 2 * piece, "the sample is too small: \(made.count)")
            try await before.sync()
            #expect(try await before.sendPhotos(onePiece).unfinished)
            #expect(try await before.photos().map(\.state) == [.sending])
            before.lock()

            let after = try await device.open()
            #expect(try await after.photos().map(\.sent) == [Int64(piece)])
            let report = try await after.sendPhotos()
            #expect(report.sent == 1 && report.bytesUp <= UInt64(made.count - piece))
            #expect(try await after.status().photosWaiting == 0)
            let second = try await after.addPhoto(visit, try #require(picture)).sha256
            try await after.sync()
            after.lock()

            let other = try Device()
            defer { other.gone() }
            let phone = try await Phone.join(
                home: other.home, vault: other.vault, qr: try server.invite("wang"), language: .en)
            while try await phone.sync().unfinished {}
            #expect(try await phone.visit(visit).photos.map(\.sha256) == [first, second])
            #expect(try await phone.photo(first) == made)
            let small = try await phone.photo(first, thumb: true)
            #expect(!small.isEmpty && small.count < made.count / 4)
            let why = "this photo has not reached the server yet: look again later"
            #expect(try await failure { _ = try await phone.photo(second) } == .Retry(why: why))
            phone.lock()
        }
    }

    private func refusal(_ act: () async throws -> Void) async throws -> String {
        let told = try await failure(act)
        guard case .Refused(let code, _) = told else { throw told }
        return code
    }

    @Test("many hands at once")
    func manyHands() async throws {
        try await story { device in
            let server = try Server()
            defer { server.close() }
            let phone = try await device.join(try server.invite("li"))
            let visit = try await phone.startVisit(try await phone.addPlace(dwelling()), checklist: "household")
            let gone = Task {
                while !Task.isCancelled {
                    if let place = try await phone.places(limit: 1).first { try await phone.remark(place.id, "门口有台阶") }
                }
            }
            try await withThrowingTaskGroup(of: Void.self) { hands in
                for hand in 0..<4 {
                    hands.addTask {
                        for n in 0..<10 { _ = try await phone.addPlace(dwelling("平川市南街\(hand)号\(n)室")) }
                    }
                }
                for _ in 0..<2 {
                    hands.addTask { for _ in 0..<20 { _ = try await phone.today() } }
                    hands.addTask { try await phone.sync() }
                }
                hands.addTask {
                    for n in 0..<20 { try await phone.answer(visit, "V-01", n % 2 == 0 ? "routine" : "request") }
                }
                try await hands.waitForAll()
            }
            gone.cancel()
            _ = await gone.result
            let long = try await failure { try await phone.note(visit, String(repeating: "很", count: 1_000_000)) }
            guard case .InvalidInput = long else { throw long }
            while try await phone.status().pending > 0 { try await phone.sync() }
            #expect(try await phone.status().places == 41)
            #expect(try await phone.question(visit, "V-01").answer == "request")
            #expect(try await phone.verify().ok)
            let second = try Device()
            defer { second.gone() }
            let other = try await second.join(try server.invite("wang"))
            while try await other.sync().unfinished { continue }
            #expect(try await other.status().places == 41)
            #expect(try await other.visit(visit).answers.first { $0.item == "V-01" }?.value == "request")
            #expect(try await other.verify().ok)
            phone.lock()
            other.lock()
        }
    }
}
