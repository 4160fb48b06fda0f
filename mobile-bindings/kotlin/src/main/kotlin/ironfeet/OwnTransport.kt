package ironfeet

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.launch

/**
 * A [Transport] made of a suspending function that sends one request by the app's own HTTP client.
 * Throw a [TransportFailure] when there is no answer; anything else that is thrown counts as no network.
 */
class OwnTransport(private val send: suspend (WebRequest) -> WebResponse) : Transport {
    private val scope = CoroutineScope(SupervisorJob() + Dispatchers.Default)

    override fun carry(request: WebRequest, reply: WebReply) {
        scope.launch {
            reply.use {
                try {
                    it.answer(send(request))
                } catch (e: TransportFailure) {
                    it.fail(e)
                } catch (e: Exception) {
                    it.fail(TransportFailure.Offline())
                }
            }
        }
    }
}
