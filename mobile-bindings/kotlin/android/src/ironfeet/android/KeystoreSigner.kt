// NOT BUILT HERE: needs the Android SDK. See ../../../README.md.
package ironfeet.android

import android.content.Context
import android.content.pm.PackageManager
import android.os.Build
import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyPermanentlyInvalidatedException
import android.security.keystore.KeyProperties
import android.security.keystore.UserNotAuthenticatedException
import ironfeet.Signer
import ironfeet.SignerFailure
import java.security.GeneralSecurityException
import java.security.KeyPairGenerator
import java.security.KeyStore
import java.security.PrivateKey
import java.security.Signature
import java.security.spec.ECGenParameterSpec

/**
 * Signs by P-256 keys that never leave the Android Keystore, in StrongBox where the phone has one.
 *
 * No `setUserAuthenticationRequired`: a sync in the background signs too. Such keys do not move to another phone;
 * there, and after a reset, the core says `EnrolAgain`.
 */
class KeystoreSigner(context: Context) : Signer {
    private val strong = Build.VERSION.SDK_INT >= Build.VERSION_CODES.P &&
        context.packageManager.hasSystemFeature(PackageManager.FEATURE_STRONGBOX_KEYSTORE)

    override fun makeKey(name: String): ByteArray = guarded {
        val spec = KeyGenParameterSpec.Builder(alias(name), KeyProperties.PURPOSE_SIGN)
            .setAlgorithmParameterSpec(ECGenParameterSpec("secp256r1"))
            .setDigests(KeyProperties.DIGEST_SHA256)
        if (strong && Build.VERSION.SDK_INT >= Build.VERSION_CODES.P) spec.setIsStrongBoxBacked(true)
        KeyPairGenerator.getInstance(KeyProperties.KEY_ALGORITHM_EC, STORE)
            .apply { initialize(spec.build()) }
            .generateKeyPair()
            .public
            .encoded
    }

    override fun sign(name: String, message: ByteArray): ByteArray = guarded {
        val keys = KeyStore.getInstance(STORE).apply { load(null) }
        val key = keys.getKey(alias(name), null) as? PrivateKey ?: throw SignerFailure.Gone()
        Signature.getInstance("SHA256withECDSA").run {
            initSign(key)
            update(message)
            sign()
        }
    }

    private fun alias(name: String) = "ironfeet-device-$name"

    private fun guarded(act: () -> ByteArray): ByteArray = try {
        act()
    } catch (e: KeyPermanentlyInvalidatedException) {
        throw SignerFailure.Gone()
    } catch (e: UserNotAuthenticatedException) {
        throw SignerFailure.Locked()
    } catch (e: GeneralSecurityException) {
        throw SignerFailure.Failed(e.javaClass.simpleName)
    }

    private companion object {
        const val STORE = "AndroidKeyStore"
    }
}
