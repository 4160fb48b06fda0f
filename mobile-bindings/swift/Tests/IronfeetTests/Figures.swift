import Foundation
import Testing

import Ironfeet

/// What the bridge costs; run by `figures.sh` beside the same calls in Rust and Kotlin.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["IRONFEET_FIGURES"] == "1")) struct Figures {
    @Test("figures")
    func figures() async throws {
        try await story { device in
            let phone = try await device.begin()
            for n in 0..<500 { _ = try await phone.addPlace(dwelling("平川市东街\(n)号")) }
            let first = try #require(try await phone.near(lat: 33.59, lon: 119.02, limit: 1).first).id
            let visit = try await phone.startVisit(first, checklist: "household")
            try await tell("list_500_ms", median(60) { _ in
                let rows = try await phone.near(lat: 33.59, lon: 119.02, limit: 500)
                #expect(rows.count == 500)
            })
            try await tell("answer_ms", median(400) { n in
                try await phone.answer(visit, "V-01", n % 2 == 0 ? "routine" : "request")
            })
            var rss = [try rssKb()]
            // The first hundred thousand warm up: the allocators' own pools.
            for round in 1...15 {
                for _ in 0..<20_000 { _ = try await phone.place(first) }
                rss.append(try rssKb())
                try tell("rss_after_\(round * 20)k_kb", Double(rss[round]))
            }
            try tell("rss_grown_second_100k_kb", Double(rss[10] - rss[5]))
            try tell("rss_grown_third_100k_kb", Double(rss[15] - rss[10]))
            #expect(rss[10] - rss[5] < 16_000 && rss[15] - rss[10] < 16_000)
            phone.lock()
        }
    }

    private func median(_ times: Int, _ act: (Int) async throws -> Void) async throws -> Double {
        for n in 0..<times / 2 { try await act(n) }
        var took: [Double] = []
        for n in 0..<times {
            let from = DispatchTime.now().uptimeNanoseconds
            try await act(n)
            took.append(Double(DispatchTime.now().uptimeNanoseconds - from) / 1e6)
        }
        return took.sorted()[times / 2]
    }

    private func rssKb() throws -> Int {
        let statm = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
        return try #require(Int(statm.split(separator: " ")[1])) * 4
    }

    private func tell(_ what: String, _ value: Double) throws {
        let out = try #require(ProcessInfo.processInfo.environment["IRONFEET_FIGURES_OUT"])
        let file = try #require(FileHandle(forWritingAtPath: out))
        try file.seekToEnd()
        try file.write(contentsOf: Data("swift \(what) \(String(format: "%.3f", value))\n".utf8))
        try file.close()
    }
}
