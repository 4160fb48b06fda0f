import Foundation

/// Hears what the core tells and passes it on as streams; never waits, never calls back.
final class Ear: Listener, Sendable {
    private let touched = Hub<Void>(keeps: 1)
    private let steps = Hub<Progress>(keeps: 1)
    private let photoSteps = Hub<PhotoProgress>(keeps: 1)
    private let news = Hub<Notice>(keeps: 64)

    func changed() { touched.tell(()) }
    func progressed(progress: Progress) { steps.tell(progress) }
    func photosProgressed(progress: PhotoProgress) { photoSteps.tell(progress) }
    func noticed(notice: Notice) { news.tell(notice) }

    func changes() -> AsyncStream<Void> { touched.stream() }
    func progress() -> AsyncStream<Progress> { steps.stream() }
    func photos() -> AsyncStream<PhotoProgress> { photoSteps.stream() }
    func notices() -> AsyncStream<Notice> { news.stream() }
}

/// Tells every listener; one that is slow keeps the newest few.
private final class Hub<Told: Sendable>: @unchecked Sendable {
    // Guarded by `lock`.
    private var listening: [UUID: AsyncStream<Told>.Continuation] = [:]
    private let lock = NSLock()
    private let keeps: Int

    init(keeps: Int) {
        self.keeps = keeps
    }

    func tell(_ told: Told) {
        lock.withLock { Array(listening.values) }.forEach { $0.yield(told) }
    }

    func stream() -> AsyncStream<Told> {
        let id = UUID()
        return AsyncStream(bufferingPolicy: .bufferingNewest(keeps)) { stream in
            lock.withLock { listening[id] = stream }
            stream.onTermination = { [weak self] _ in
                guard let self else { return }
                self.lock.withLock { _ = self.listening.removeValue(forKey: id) }
            }
        }
    }
}
