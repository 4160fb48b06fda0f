import Foundation
import Testing

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

@testable import Ironfeet

/// The grid all stories play in.
let grid = "329901001012001"

/// Keys as a test app keeps them: in memory, one for each person.
final class PocketVault: KeyVault, @unchecked Sendable {
    // Guarded by `lock`.
    private var keys: [String: Data] = [:]
    private let lock = NSLock()

    func storeKey(person: String) throws -> Data {
        lock.withLock {
            let key = keys[person] ?? Data(repeating: UInt8(keys.count + 1), count: 32)
            keys[person] = key
            return key
        }
    }

    func put(_ person: String, _ key: Data) {
        lock.withLock { keys[person] = key }
    }
}

/// A device: a folder and a vault. Deleted when the story is over.
struct Device: Sendable {
    let folder: URL
    let vault = PocketVault()

    var home: Home { Home(folder: folder.path) }

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("ironfeet-story-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    func begin(_ person: String = "li", language: Lang = .zh) async throws -> Phone {
        try await Phone.begin(
            home: home, vault: vault, post: Post(person: person, role: .inspector, grids: [grid]), language: language)
    }

    func join(_ qr: String) async throws -> Phone {
        try await Phone.join(home: home, vault: vault, qr: qr)
    }

    func open(_ person: String = "li", language: Lang = .zh) async throws -> Phone {
        try await Phone.open(home: home, vault: vault, person: person, language: language)
    }

    func gone() {
        try? FileManager.default.removeItem(at: folder)
    }

    /// The file of the store of the only person here.
    func database() throws -> URL {
        let all = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
        let files = all?.compactMap { $0 as? URL }.filter { $0.lastPathComponent == "phone.db" } ?? []
        return try #require(files.first)
    }

    /// Puts a store kept in `mobile-bindings/fixtures` in place of this device's. Its key is 32 bytes of 0x2a.
    func takeOver(_ fixture: String) throws {
        let fixtures = URL(fileURLWithPath: #filePath).appendingPathComponent("../../../../fixtures").standardized
        let from = fixtures.appendingPathComponent(fixture)
        for name in try FileManager.default.contentsOfDirectory(atPath: from.path) {
            try FileManager.default.copyItem(
                at: from.appendingPathComponent(name), to: folder.appendingPathComponent(name))
        }
        vault.put("li", Data(repeating: 0x2a, count: 32))
    }
}

/// Tells a story on a fresh device.
func story(_ tell: (Device) async throws -> Void) async throws {
    let device = try Device()
    defer { device.gone() }
    try await tell(device)
}

/// A dwelling as the stories use it.
func dwelling(_ address: String = "平川市东街8栋2单元1203室") -> NewPlace {
    NewPlace(kind: .dwelling, address: address, lat: 33.5901, lon: 119.0202, grid: grid, facts: [])
}

extension Phone {
    /// Answers everything that must be answered: what the story says, and else the calmest choice.
    func answerAll(_ visit: String, told: [String: String] = [:]) async throws {
        while let open = try await questions(visit).first(where: { $0.required && $0.answer == nil }) {
            try await answer(visit, open.item, told[open.item] ?? open.calm)
        }
    }

    /// One question of those asked now.
    func question(_ visit: String, _ item: String) async throws -> Question {
        try #require(try await questions(visit).first { $0.item == item })
    }
}

extension Question {
    fileprivate var calm: String {
        switch kind {
        case .check: "ok"
        case .yesno: "c_no"
        case .single: choices[0].code
        case .multi: (choices.first { $0.alone } ?? choices[0]).code
        case .int, .decimal: "1"
        case .date: "2026-11-23"
        case .notice: "yes"
        default: "无"
        }
    }
}

/// Runs what must fail, and gives the failure.
func failure(_ act: () async throws -> Void) async throws -> PhoneError {
    do {
        try await act()
    } catch let error as PhoneError {
        return error
    }
    throw Unfailed()
}

struct Unfailed: Error {}

/// The smallest picture: one pixel, as PNG.
let picture = Data(
    base64Encoded:
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")

/// A picture that stays large: 700 pixels square of noise, as PNG with stored blocks. The same every time.
func grainyPicture() -> Data {
    let side = 700
    var seed: UInt32 = 7
    var raw = Data()
    for _ in 0..<side {
        raw.append(0)
        for _ in 0..<(side * 3) {
            seed = seed &* 1_664_525 &+ 1_013_904_223
            raw.append(UInt8(seed >> 24))
        }
    }
    var body = Data([0x78, 0x01])
    var at = 0
    while at < raw.count {
        let n = min(65_535, raw.count - at)
        body.append(at + n == raw.count ? 1 : 0)
        for byte in [n & 255, n >> 8, ~n & 255, (~n >> 8) & 255] { body.append(UInt8(byte)) }
        body.append(raw[at..<(at + n)])
        at += n
    }
    var (a, b): (UInt32, UInt32) = (1, 0)
    for byte in raw {
        a = (a + UInt32(byte)) % 65_521
        b = (b + a) % 65_521
    }
    body.append(big(b << 16 | a))
    let head = big(UInt32(side)) + big(UInt32(side)) + Data([8, 2, 0, 0, 0])
    let signature = Data([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
    return signature + part("IHDR", head) + part("IDAT", body) + part("IEND", Data())
}

private func big(_ n: UInt32) -> Data { Data([24, 16, 8, 0].map { UInt8(n >> $0 & 255) }) }

private func part(_ name: String, _ body: Data) -> Data {
    let named = Data(name.utf8) + body
    var crc = UInt32.max
    for byte in named {
        crc ^= UInt32(byte)
        for _ in 0..<8 { crc = crc & 1 == 1 ? 0xedb8_8320 ^ crc >> 1 : crc >> 1 }
    }
    return big(UInt32(body.count)) + named + big(~crc)
}

/// The app's own HTTP client; its network can be switched off.
final class Network: @unchecked Sendable {
    // Guarded by `lock`.
    private var on = true
    private var count = 0
    private let lock = NSLock()

    var online: Bool {
        get { lock.withLock { on } }
        set { lock.withLock { on = newValue } }
    }

    var carried: Int { lock.withLock { count } }

    var transport: OwnTransport { OwnTransport { try await self.send($0) } }

    private func send(_ request: WebRequest) async throws -> WebResponse {
        guard online, let url = URL(string: request.url) else { throw TransportFailure.Offline }
        var out = URLRequest(url: url)
        out.httpMethod = request.method
        for header in request.headers { out.setValue(header.value, forHTTPHeaderField: header.name) }
        if !request.body.isEmpty { out.httpBody = request.body }
        lock.withLock { count += 1 }
        let (body, answer) = try await URLSession.shared.data(for: out)
        guard let answer = answer as? HTTPURLResponse else { throw TransportFailure.Offline }
        let headers = answer.allHeaderFields.map { WebHeader(name: "\($0)", value: "\($1)") }
        return WebResponse(status: UInt16(answer.statusCode), headers: headers, body: body)
    }
}

/// True the first time only.
final class Once: @unchecked Sendable {
    // Guarded by `lock`.
    private var asked = false
    private let lock = NSLock()

    func first() -> Bool {
        lock.withLock {
            defer { asked = true }
            return !asked
        }
    }
}
