package io.weft.conformance;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.AfterTestExecutionCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/// The browsers of a test: a picture of each if the test fails, and the end of all behind it.
final class Browsers implements AfterTestExecutionCallback, AfterEachCallback {

  private final List<Browser> open = new ArrayList<>();

  Browser open() throws IOException {
    return open(false);
  }

  /// Opens one that takes any certificate.
  Browser openTrusting() throws IOException {
    return open(true);
  }

  private Browser open(boolean trusting) throws IOException {
    var browser = new Browser(trusting);
    open.add(browser);
    return browser;
  }

  @Override
  public void afterTestExecution(ExtensionContext context) throws IOException {
    if (context.getExecutionException().isPresent()) {
      for (int at = 0; at < open.size(); at++) {
        String name = context.getRequiredTestMethod().getName() + "-" + at + ".png";
        Path picture = Tools.target().resolve("browser").resolve(name);
        open.get(at).photograph(picture);
        context.publishReportEntry("picture", picture.toString());
      }
    }
  }

  @Override
  public void afterEach(ExtensionContext context) throws IOException {
    for (Browser browser : open) {
      browser.close();
    }
    open.clear();
  }
}
