/// A ``Transport`` made of an `async` function that sends one request by the app's own HTTP client.
///
/// Throw a ``TransportFailure`` when there is no answer; anything else that is thrown counts as no network.
public final class OwnTransport: Transport {
    private let send: @Sendable (WebRequest) async throws -> WebResponse

    /// Carries every request by `send`.
    public init(_ send: @escaping @Sendable (WebRequest) async throws -> WebResponse) {
        self.send = send
    }

    /// Begins to send a request; the answer goes to `reply`.
    public func carry(request: WebRequest, reply: WebReply) throws {
        Task { [send] in
            do {
                reply.answer(response: try await send(request))
            } catch let failure as TransportFailure {
                reply.fail(why: failure)
            } catch {
                reply.fail(why: .Offline)
            }
        }
    }
}
