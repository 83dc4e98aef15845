/// `weft lint`: the rules of WebSocket, each as something that is sent to a server and a judgement
/// of what comes back. It has sockets, requests and frames of its own, because it must send what no
/// sound client would.
@NullMarked
package io.weft.cli.lint;

import org.jspecify.annotations.NullMarked;
