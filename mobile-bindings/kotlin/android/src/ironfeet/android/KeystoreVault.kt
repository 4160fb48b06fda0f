// NOT BUILT HERE: needs the Android SDK. See ../../../README.md.
package ironfeet.android

import android.content.Context
import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyProperties
import ironfeet.ForeignException
import ironfeet.KeyVault
import java.io.File
import java.security.KeyStore
import java.security.SecureRandom
import javax.crypto.Cipher
import javax.crypto.KeyGenerator
import javax.crypto.SecretKey
import javax.crypto.spec.GCMParameterSpec

/**
 * Keeps the key of each person's store, wrapped by an AES key that never leaves the Android Keystore.
 *
 * The wrapped key lies in `noBackupFilesDir`. If the Keystore key is gone (factory reset, other phone), the
 * store cannot be opened any more: what was not synced must come from a rescue file.
 */
class KeystoreVault(context: Context) : KeyVault {
    private val folder = File(context.noBackupFilesDir, "ironfeet-keys").apply { mkdirs() }

    @Synchronized
    override fun storeKey(person: String): ByteArray {
        val file = File(folder, "key-$person")
        return try {
            if (file.exists()) unwrap(file.readBytes()) else make(file)
        } catch (e: android.security.keystore.UserNotAuthenticatedException) {
            throw ForeignException.Locked()
        } catch (e: java.security.GeneralSecurityException) {
            throw ForeignException.Failed(e.javaClass.simpleName)
        }
    }

    private fun make(file: File): ByteArray {
        val key = ByteArray(32).also { SecureRandom().nextBytes(it) }
        val cipher = Cipher.getInstance(TRANSFORMATION).apply { init(Cipher.ENCRYPT_MODE, wrappingKey()) }
        val part = File(folder, file.name + ".part")
        part.outputStream().use { out ->
            out.write(cipher.iv + cipher.doFinal(key))
            out.fd.sync()
        }
        if (!part.renameTo(file)) throw ForeignException.Failed("the wrapped key could not be saved")
        return key
    }

    private fun unwrap(sealed: ByteArray): ByteArray {
        val cipher = Cipher.getInstance(TRANSFORMATION)
        cipher.init(Cipher.DECRYPT_MODE, wrappingKey(), GCMParameterSpec(128, sealed.copyOf(IV_BYTES)))
        return cipher.doFinal(sealed, IV_BYTES, sealed.size - IV_BYTES)
    }

    private fun wrappingKey(): SecretKey {
        val store = KeyStore.getInstance("AndroidKeyStore").apply { load(null) }
        (store.getKey(ALIAS, null) as? SecretKey)?.let { return it }
        val spec = KeyGenParameterSpec.Builder(ALIAS, KeyProperties.PURPOSE_ENCRYPT or KeyProperties.PURPOSE_DECRYPT)
            .setBlockModes(KeyProperties.BLOCK_MODE_GCM)
            .setEncryptionPaddings(KeyProperties.ENCRYPTION_PADDING_NONE)
            .setKeySize(256)
            .build()
        return KeyGenerator.getInstance(KeyProperties.KEY_ALGORITHM_AES, "AndroidKeyStore")
            .apply { init(spec) }
            .generateKey()
    }

    private companion object {
        const val ALIAS = "ironfeet-store"
        const val TRANSFORMATION = "AES/GCM/NoPadding"
        const val IV_BYTES = 12
    }
}
