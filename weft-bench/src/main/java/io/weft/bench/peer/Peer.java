package io.weft.bench.peer;

import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import javax.net.ssl.KeyManagerFactory;
import org.jspecify.annotations.Nullable;

/// A server that can be measured. On 127.0.0.1 it answers
///
/// - `/echo`: each text and each binary message comes back to its sender;
/// - `/broadcast`: each binary message goes to all who are connected there, the sender too.
@FunctionalInterface
public interface Peer {

  /// Starts it.
  ///
  /// @return what it is and where
  Started start(Order order) throws Exception;

  /// What is asked of it.
  ///
  /// @param maxMessageBytes the largest message that will be sent to it
  /// @param isDeflated whether it is to agree to permessage-deflate
  /// @param keyStore for TLS, with one key, PKCS 12, under [#PASSWORD]; null for plain TCP
  record Order(int maxMessageBytes, boolean isDeflated, @Nullable Path keyStore) {

    /// A key manager that has the key.
    ///
    /// @throws IllegalStateException without a key store
    KeyManagerFactory keys() throws IOException, GeneralSecurityException {
      if (keyStore == null) {
        throw new IllegalStateException("plain TCP was asked for");
      }
      KeyStore keys = KeyStore.getInstance(keyStore.toFile(), PASSWORD.toCharArray());
      KeyManagerFactory factory =
          KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      factory.init(keys, PASSWORD.toCharArray());
      return factory;
    }
  }

  /// Of the key store, which holds nothing worth hiding.
  String PASSWORD = "measure";

  /// A server that listens.
  ///
  /// @param port where
  /// @param library a class of the library, by whose jar its version is told
  record Started(int port, Class<?> library) {}
}
