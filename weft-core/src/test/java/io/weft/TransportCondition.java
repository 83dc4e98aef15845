package io.weft;

import io.weft.net.Uring;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;

/// Skips the tests of a run that is to be on io_uring, and says why, where the system refuses it.
public final class TransportCondition implements ExecutionCondition {

  @Override
  public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
    String refusal = Transport.ofProperty() == Transport.IO_URING ? Uring.refusal() : null;
    return refusal == null
        ? ConditionEvaluationResult.enabled("the transport can be had")
        : ConditionEvaluationResult.disabled("io_uring is refused: " + refusal);
  }
}
