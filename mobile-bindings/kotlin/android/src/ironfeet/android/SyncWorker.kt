// NOT BUILT HERE: needs the Android SDK. See ../../../README.md.
package ironfeet.android

import android.content.Context
import androidx.work.Constraints
import androidx.work.CoroutineWorker
import androidx.work.ExistingPeriodicWorkPolicy
import androidx.work.NetworkType
import androidx.work.PeriodicWorkRequestBuilder
import androidx.work.WorkManager
import androidx.work.WorkerParameters
import ironfeet.Phone
import ironfeet.PhoneException
import java.util.concurrent.TimeUnit

/** The open store of who is signed in; the application class implements it. */
interface SignedIn {
    val phone: Phone?
}

/** Hands over what is new whenever there is a network; the system decides when. */
class SyncWorker(context: Context, parameters: WorkerParameters) : CoroutineWorker(context, parameters) {
    override suspend fun doWork(): Result {
        val phone = (applicationContext as SignedIn).phone ?: return Result.success()
        return try {
            // WorkManager stops a worker after ten minutes; `null` means that something is left.
            if (phone.syncSlice(480_000u) == null) Result.retry() else Result.success()
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
