import Foundation

/// Hears what the core tells and passes it on as streams; never waits, never calls back.
final class Ear: Listener, @unchecked Sendable {
    // Guarded by `lock`.
    private var listening: [UUID: AsyncStream<Void>.Continuation] = [:]
    private var watching: [UUID: AsyncStream<Progress>.Continuation] = [:]
    private var watchingPhotos: [UUID: AsyncStream<PhotoProgress>.Continuation] = [:]
    private let lock = NSLock()

    func progressed(progress: Progress) {
        lock.withLock { Array(watching.values) }.forEach { $0.yield(progress) }
    }

    func progress() -> AsyncStream<Progress> {
        let id = UUID()
        return AsyncStream(bufferingPolicy: .bufferingNewest(1)) { stream in
            lock.withLock { watching[id] = stream }
            stream.onTermination = { [weak self] _ in
                guard let self else { return }
                self.lock.withLock { _ = self.watching.removeValue(forKey: id) }
            }
        }
    }

    func photosProgressed(progress: PhotoProgress) {
        lock.withLock { Array(watchingPhotos.values) }.forEach { $0.yield(progress) }
    }

    func photos() -> AsyncStream<PhotoProgress> {
        let id = UUID()
        return AsyncStream(bufferingPolicy: .bufferingNewest(1)) { stream in
            lock.withLock { watchingPhotos[id] = stream }
            stream.onTermination = { [weak self] _ in
                guard let self else { return }
                self.lock.withLock { _ = self.watchingPhotos.removeValue(forKey: id) }
            }
        }
    }

    func changed() {
        lock.withLock { Array(listening.values) }.forEach { $0.yield() }
    }

    func changes() -> AsyncStream<Void> {
        let id = UUID()
        return AsyncStream(bufferingPolicy: .bufferingNewest(1)) { stream in
            lock.withLock { listening[id] = stream }
            stream.onTermination = { [weak self] _ in
                guard let self else { return }
                self.lock.withLock { _ = self.listening.removeValue(forKey: id) }
            }
        }
    }
}
