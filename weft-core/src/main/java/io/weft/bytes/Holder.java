package io.weft.bytes;

/// Who holds heap for what a peer sent, and is charged for it: a connection. On its loop's thread.
public interface Holder {

  /// Where arrays come from and go back to.
  Pool pool();

  /// Charges it for `bytes` more, which are about to be allocated.
  ///
  /// @return false if there is no memory for it: then it is to let go of what it has, and say so
  boolean hold(int bytes);

  /// Ends the charge for `bytes` bytes, which are not needed any more.
  void letGo(int bytes);

  /// One that counts nothing: for whoever has no connection beneath, and so bounds the memory
  /// otherwise.
  ///
  /// @param pool where its arrays come from
  static Holder uncounted(Pool pool) {
    return new Holder() {
      @Override
      public Pool pool() {
        return pool;
      }

      @Override
      public boolean hold(int bytes) {
        return true;
      }

      @Override
      public void letGo(int bytes) {}
    };
  }
}
