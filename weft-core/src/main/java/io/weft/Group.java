package io.weft;

import java.nio.ByteBuffer;
import java.util.Objects;

/// A named set of connections. What is published is encoded once, and compressed once for each size
/// of window that members agreed on; every member's outbox holds a reference to the same bytes. It
/// is there as soon as it is named and gone with its last member; a `Group` is a handle, and two
/// with one name are the same group.
///
/// Every method may be called from any thread. All members see its publications in one order,
/// whichever threads publish; what is published under a lock, in the order of the lock. A member
/// sees all that are published from its joining to its leaving. One that cannot take a message,
/// because its outbox is full, is closed with 1013.
public final class Group {

  private final Groups groups;
  private final String name;

  Group(Groups groups, String name) {
    this.groups = groups;
    this.name = name;
  }

  /// Its name.
  public String name() {
    return name;
  }

  /// Makes a connection a member, until it leaves or closes. A publication that this thread makes
  /// afterwards reaches it.
  ///
  /// @return false if it is closed, or in [Limits#groupsPerConnection()] groups already, or if too
  ///   much waits for its loop ([Limits#mailboxMails()]); true if it is a member now, also if it
  ///   was one before
  public boolean join(WebSocket ws) {
    Objects.requireNonNull(ws, "ws");
    return groups.join(name, ws);
  }

  /// Ends a membership; does nothing if there is none. What was published before still arrives.
  public void leave(WebSocket ws) {
    Objects.requireNonNull(ws, "ws");
    groups.leave(name, ws);
  }

  /// How many members there are, as far as this thread sees.
  public int size() {
    return groups.size(name);
  }

  /// Sends a text message to every member.
  ///
  /// @return [Send#SENT], or [Send#REFUSED] if too much waits for a loop ([Limits#mailboxMails()],
  ///   [Limits#poolBytes()]): then no member got it
  /// @throws IllegalArgumentException as [WebSocket#send(String)]
  public Send publish(String text) {
    Objects.requireNonNull(text, "text");
    return publish(text, Compress.AUTO);
  }

  /// Sends a text message to every member; as the other, with a choice whether to compress it.
  public Send publish(String text, Compress compress) {
    Objects.requireNonNull(text, "text");
    Objects.requireNonNull(compress, "compress");
    return groups.publish(name, text, compress);
  }

  /// Sends a binary message to every member.
  ///
  /// @param data its payload, from position to limit, which stay; copied before this returns
  /// @return as [#publish(String)]
  public Send publish(ByteBuffer data) {
    Objects.requireNonNull(data, "data");
    return publish(data, Compress.AUTO);
  }

  /// Sends a binary message to every member; as the other, with a choice whether to compress it.
  public Send publish(ByteBuffer data, Compress compress) {
    Objects.requireNonNull(data, "data");
    Objects.requireNonNull(compress, "compress");
    return groups.publish(name, data, compress);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Group group && group.groups == groups && group.name.equals(name);
  }

  @Override
  public int hashCode() {
    return name.hashCode();
  }

  @Override
  public String toString() {
    return "Group " + name;
  }
}
