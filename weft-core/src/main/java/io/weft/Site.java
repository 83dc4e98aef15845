package io.weft;

import java.util.List;

/// What a server decides handshakes and requests by.
///
/// @param core what its connections share
/// @param routes what stands at which path
/// @param subprotocols spoken, the favourite first
/// @param hosts which names it answers to
/// @param origins whose pages may connect, beside the server's own
record Site(Core core, Routes routes, List<String> subprotocols, Hosts hosts, Origins origins) {}
