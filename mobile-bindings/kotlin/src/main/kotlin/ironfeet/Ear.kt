package ironfeet

import kotlinx.coroutines.channels.BufferOverflow
import kotlinx.coroutines.flow.MutableSharedFlow
import kotlinx.coroutines.flow.SharedFlow

/** Hears what the core tells and passes it on as flows; never waits, never calls back. */
internal class Ear : Listener {
    private val touched = MutableSharedFlow<Unit>(extraBufferCapacity = 1, onBufferOverflow = BufferOverflow.DROP_OLDEST)

    val changes: SharedFlow<Unit> get() = touched

    private val steps = MutableSharedFlow<Progress>(extraBufferCapacity = 1, onBufferOverflow = BufferOverflow.DROP_OLDEST)

    val progress: SharedFlow<Progress> get() = steps

    override fun progressed(progress: Progress) {
        steps.tryEmit(progress)
    }

    private val photoSteps =
        MutableSharedFlow<PhotoProgress>(extraBufferCapacity = 1, onBufferOverflow = BufferOverflow.DROP_OLDEST)

    val photos: SharedFlow<PhotoProgress> get() = photoSteps

    override fun photosProgressed(progress: PhotoProgress) {
        photoSteps.tryEmit(progress)
    }

    private val news = MutableSharedFlow<Notice>(extraBufferCapacity = 64, onBufferOverflow = BufferOverflow.DROP_OLDEST)

    val notices: SharedFlow<Notice> get() = news

    override fun noticed(notice: Notice) {
        news.tryEmit(notice)
    }

    override fun changed() {
        touched.tryEmit(Unit)
    }
}
