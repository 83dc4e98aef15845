package io.weft.cli.lint;

/// What a rule found.
///
/// @param id of the rule, `group/name`
/// @param section of RFC 6455, or of the RFC it names
/// @param sent to the server, in words
/// @param must be seen, in words
/// @param seen in words; what the server chose of them is not escaped
/// @param ms it took
public record Finding(
    String id, String section, Outcome outcome, String sent, String must, String seen, long ms) {}
