package ironfeet

import java.security.KeyPair
import java.security.KeyPairGenerator
import java.security.Signature
import java.security.spec.ECGenParameterSpec

/** Keys as a phone's hardware keeps them: P-256 of the JVM's own provider, signing in DER. They can be locked and lost. */
internal class PocketSigner : Signer {
    private val keys = mutableMapOf<String, KeyPair>()

    @Volatile
    var locked = false

    @Volatile
    var signed = 0

    @Synchronized
    override fun makeKey(name: String): ByteArray {
        val pair = KeyPairGenerator.getInstance("EC").apply { initialize(ECGenParameterSpec("secp256r1")) }.generateKeyPair()
        check(keys.put(name, pair) == null) { "a key under a name that was not new" }
        return pair.public.encoded
    }

    @Synchronized
    override fun sign(name: String, message: ByteArray): ByteArray {
        if (locked) throw SignerFailure.Locked()
        val pair = keys[name] ?: throw SignerFailure.Gone()
        signed++
        return Signature.getInstance("SHA256withECDSA").run {
            initSign(pair.private)
            update(message)
            sign()
        }
    }

    /** As a reset of the phone's keystore does. */
    @Synchronized
    fun lose() = keys.clear()
}
