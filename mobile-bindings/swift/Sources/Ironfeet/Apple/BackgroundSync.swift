// Apple platforms only: not compiled by the tests of this repository, which run on Linux.
#if canImport(BackgroundTasks) && os(iOS)
import BackgroundTasks

/// Hands over what is new while the app is in the background.
///
/// Call `register` before the app has finished launching, with the identifier listed in `Info.plist` under
/// `BGTaskSchedulerPermittedIdentifiers`, and `schedule` whenever the app goes to the background.
public enum BackgroundSync {
    /// Registers the task. `phone` gives the open store, or `nil` while nobody is signed in; `photos` what sending
    /// photos may cost at that moment, or `nil` to leave them for the foreground.
    public static func register(
        identifier: String,
        phone: @escaping @Sendable () async -> Phone?,
        photos: @escaping @Sendable () -> PhotoBudget? = { nil }
    ) {
        BGTaskScheduler.shared.register(forTaskWithIdentifier: identifier, using: nil) { task in
            schedule(identifier: identifier)
            let done = Done(task)
            let work = Task {
                // The system gives minutes as a rule; what is not done in one of them is done next time.
                guard let phone = await phone() else { return done.complete(true) }
                let report = try? await phone.syncSlice(milliseconds: 60_000)
                if report != nil, let budget = photos() {
                    // Ends when the system's time is over, and goes on there next time.
                    _ = try? await phone.sendPhotos(budget)
                }
                done.complete(report != nil)
            }
            task.expirationHandler = { work.cancel() }
        }
    }

    /// Asks for a turn, not before a quarter of an hour, with a network.
    public static func schedule(identifier: String) {
        let request = BGProcessingTaskRequest(identifier: identifier)
        request.requiresNetworkConnectivity = true
        request.earliestBeginDate = Date(timeIntervalSinceNow: 15 * 60)
        try? BGTaskScheduler.shared.submit(request)
    }

    /// The system's task is not `Sendable`; it is only told once that it is over.
    private final class Done: @unchecked Sendable {
        private let task: BGTask
        init(_ task: BGTask) { self.task = task }
        func complete(_ well: Bool) { task.setTaskCompleted(success: well) }
    }
}
#endif
