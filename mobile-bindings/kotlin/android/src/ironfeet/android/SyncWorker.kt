// NOT BUILT HERE: needs the Android SDK. See ../../../README.md.
package ironfeet.android

import android.content.Context
import android.net.ConnectivityManager
import androidx.work.Constraints
import androidx.work.CoroutineWorker
import androidx.work.ExistingPeriodicWorkPolicy
import androidx.work.NetworkType
import androidx.work.PeriodicWorkRequestBuilder
import androidx.work.WorkManager
import androidx.work.WorkerParameters
import ironfeet.Phone
import ironfeet.PhoneException
import ironfeet.PhotoBudget
import java.util.concurrent.TimeUnit
import kotlinx.coroutines.withTimeoutOrNull

/** The open store of who is signed in; the application class implements it. */
interface SignedIn {
    val phone: Phone?

    /** Whether the person wants photos sent over a free line (Wi-Fi) only. */
    val photosOverFreeLineOnly: Boolean
}

/** Hands over what is new whenever there is a network, photos after the data; the system decides when. */
class SyncWorker(context: Context, parameters: WorkerParameters) : CoroutineWorker(context, parameters) {
    override suspend fun doWork(): Result {
        val app = applicationContext as SignedIn
        val phone = app.phone ?: return Result.success()
        return try {
            // WorkManager stops a worker after ten minutes; `null` means that something is left.
            phone.syncSlice(300_000u) ?: return Result.retry()
            val lines = applicationContext.getSystemService(ConnectivityManager::class.java)
            val budget = PhotoBudget(app.photosOverFreeLineOnly, lineIsFree = !lines.isActiveNetworkMetered, bytesMax = null)
            val sent = withTimeoutOrNull(180_000) { phone.sendPhotos(budget) }
            if (sent == null || sent.unfinished) Result.retry() else Result.success()
        } catch (e: PhoneException.Retry) {
            Result.retry()
        } catch (e: PhoneException) {
            // For the person to see in the app; trying again alone will not help.
            Result.failure()
        }
    }

    companion object {
        /** Call once at the start of the app. */
        fun schedule(context: Context) {
            val network = Constraints.Builder().setRequiredNetworkType(NetworkType.CONNECTED).build()
            val request = PeriodicWorkRequestBuilder<SyncWorker>(15, TimeUnit.MINUTES).setConstraints(network).build()
            WorkManager.getInstance(context)
                .enqueueUniquePeriodicWork("ironfeet-sync", ExistingPeriodicWorkPolicy.KEEP, request)
        }
    }
}
