import Foundation
import Testing

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

import Ironfeet

/// The snippets of README.md, compiled and run.
@Suite struct ReadmeSnippets {
    @Test("ten lines to the first offline visit")
    func firstVisit() async throws {
        try await story { device in
            let folder = device.folder
            let vault = device.vault
            // README
            let home = Home(folder: folder.path)
            let post = Post(person: "li", role: .inspector, grids: ["329901001012001"])
            let phone = try await Phone.begin(home: home, vault: vault, post: post, language: .en)
            let address = "East Street 8, unit 2, 1203"
            let place = try await phone.addPlace(
                NewPlace(kind: .dwelling, address: address, lat: 33.5901, lon: 119.0202, grid: nil, facts: []))
            let visit = try await phone.startVisit(place, checklist: "household")
            for question in try await phone.questions(visit) { print(question.item, question.question) }
            try await phone.answer(visit, "V-02", "outside")
            for finding in try await phone.visit(visit).findings { print(finding.severity, finding.action ?? finding.title) }
            print("saved, \(try await phone.status().pending) changes wait to be sent")
            phone.lock()
            // end
        }
    }

    @Test("a screen that follows")
    func screen() async throws {
        try await story { device in
            let phone = try await device.begin()
            // README
            let shown: AsyncThrowingStream<[TodayRow], any Error> = phone.watch { try await $0.today() }
            // end
            #expect(try await shown.first { _ in true } == [])
            phone.lock()
        }
    }

    @Test("enrolment and sync")
    func enrolment() async throws {
        try await story { device in
            let server = try Server()
            defer { server.close() }
            let home = device.home
            let vault = device.vault
            let scanned = try server.invite("li")
            // README
            let phone = try await Phone.join(home: home, vault: vault, qr: scanned)
            let report = try await phone.sync()
            print("\(report.pushed) sent, \(report.pulled) received, \(try await phone.notices().count) notices")
            // end
            phone.lock()
        }
    }

    @Test("a way of the app's own")
    func ownWay() async throws {
        try await story { device in
            let server = try Server()
            defer { server.close() }
            let home = device.home
            let vault = device.vault
            let scanned = try server.invite("li")
            // README
            let way = OwnTransport { request in
                guard let url = URL(string: request.url) else { throw TransportFailure.Offline }
                var out = URLRequest(url: url)
                out.httpMethod = request.method
                for header in request.headers { out.setValue(header.value, forHTTPHeaderField: header.name) }
                if request.method == "POST" { out.httpBody = request.body }
                let (body, answer) = try await URLSession.shared.data(for: out)
                guard let answer = answer as? HTTPURLResponse else { throw TransportFailure.Offline }
                let headers = answer.allHeaderFields.map { WebHeader(name: "\($0)", value: "\($1)") }
                return WebResponse(status: UInt16(answer.statusCode), headers: headers, body: body)
            }
            let phone = try await Phone.join(home: home, vault: vault, qr: scanned, transport: way)
            // end
            _ = try await phone.addPlace(dwelling())
            #expect(try await phone.sync().pushed == 1)
            phone.lock()
        }
    }

    @Test("the README shows what is compiled here")
    func same() throws {
        let here = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        var compiled: Set<String> = []
        for name in try FileManager.default.contentsOfDirectory(atPath: here.path) where name.hasSuffix(".swift") {
            let text = try String(contentsOf: here.appendingPathComponent(name), encoding: .utf8)
            compiled.formUnion(blocks(text, from: "// README", to: "// end"))
        }
        let readme = here.appendingPathComponent("../../README.md").standardized
        let shown = Set(blocks(try String(contentsOf: readme, encoding: .utf8), from: "```swift", to: "```"))
        #expect(!shown.isEmpty)
        #expect(shown == compiled)
    }

    private func blocks(_ text: String, from: String, to: String) -> [String] {
        var found: [String] = []
        var block: [String]?
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            let line = line.trimmingCharacters(in: .whitespaces)
            if let lines = block {
                block = line == to ? nil : lines + [line]
                if line == to { found.append(lines.joined(separator: "\n")) }
            } else if line == from {
                block = []
            }
        }
        return found
    }
}
