package io.weft.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.net.URI;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.logging.Level;
import org.jspecify.annotations.Nullable;
import org.openqa.selenium.By;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.StaleElementReferenceException;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;

/// A headless Chromium with an empty profile, and what a person does with the console page in it.
final class Browser implements AutoCloseable {

  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final Duration GLANCE = Duration.ofMillis(20);

  private final Path profile;
  private final ChromeDriver driver;

  /// Opens it.
  ///
  /// @param trusting whether it takes any certificate, as a person does who clicks a warning away
  Browser(boolean trusting) throws IOException {
    Path chromium = Tools.chromium();
    String chromedriver = Tools.chromedriver().toString();
    profile = Files.createTempDirectory("weft-chromium");
    var logs = new LoggingPreferences();
    logs.enable(LogType.BROWSER, Level.ALL);
    var options = new ChromeOptions();
    options.setBinary(chromium.toFile());
    options.setAcceptInsecureCerts(trusting);
    options.setCapability(ChromeOptions.LOGGING_PREFS, logs);
    options.addArguments(
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--window-size=1280,900",
        "--user-data-dir=" + profile);
    ChromeDriverService service = ChromeDriverService.createDefaultService();
    service.setExecutable(chromedriver);
    driver = new ChromeDriver(service, options);
  }

  void open(URI page) {
    driver.get(page.toString());
    await("the page has its address filled in", () -> !value("url").isEmpty());
  }

  /// Opens a page of which the browser warns.
  ///
  /// @return what it says instead of showing it
  String warningAt(URI page) {
    driver.get(page.toString());
    return driver.findElement(By.tagName("body")).getText();
  }

  /// Opens a page of a test's own, which says when it is ready.
  void openTest(URI page) {
    driver.get(page.toString());
    await("the page is ready", () -> "ready".equals(driver.getTitle()));
  }

  /// Runs a script in the page; if it gives a promise, what becomes of that.
  ///
  /// @param arguments `arguments[0]` and so on of the script
  @Nullable Object run(String script, Object... arguments) {
    return driver.executeScript(script, arguments);
  }

  /// Waits until a script gives something true.
  void awaitTrue(String script, Object... arguments) {
    await(script, () -> Boolean.TRUE.equals(run(script, arguments)));
  }

  void click(String id) {
    element(id).click();
  }

  /// Replaces what is typed in a field.
  void type(String id, String text) {
    WebElement field = element(id);
    field.clear();
    field.sendKeys(text);
  }

  /// Chooses from a list.
  void choose(String id, String value) {
    By option = By.xpath(".//option[@value='%1$s' or .='%1$s']".formatted(value));
    element(id).findElement(option).click();
  }

  String text(String id) {
    return element(id).getText();
  }

  String value(String id) {
    return String.valueOf(element(id).getDomProperty("value"));
  }

  /// The texts of all elements of a CSS selector, in the order of the page.
  List<String> texts(String selector) {
    return driver.findElements(By.cssSelector(selector)).stream().map(WebElement::getText).toList();
  }

  void awaitText(String id, String expected) {
    await("#" + id + " says '" + expected + "'", () -> text(id).contains(expected));
  }

  /// Waits until one of the elements of a CSS selector has a text.
  void awaitOne(String selector, String expected) {
    await(selector + " says '" + expected + "'", () -> texts(selector).contains(expected));
  }

  private void await(String what, BooleanSupplier condition) {
    long deadlineNs = System.nanoTime() + PATIENCE.toNanos();
    while (!holds(condition)) {
      if (System.nanoTime() > deadlineNs) {
        throw new AssertionError(
            "not within " + PATIENCE + ": " + what + "; timeline: " + texts("#timeline .payload"));
      }
      try {
        Thread.sleep(GLANCE);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new AssertionError("interrupted while waiting until " + what, e);
      }
    }
  }

  private static boolean holds(BooleanSupplier condition) {
    try {
      return condition.getAsBoolean();
    } catch (StaleElementReferenceException replaced) {
      return false; // The page drew it anew in that moment: look again.
    }
  }

  private WebElement element(String id) {
    return driver.findElement(By.id(id));
  }

  /// Demands that the browser's own console shows no error since the last time it was asked.
  void noErrors() {
    assertEquals(List.of(), errors());
  }

  /// Demands the same, but for errors that say something.
  void noErrorsBut(String expected) {
    assertEquals(List.of(), errors().stream().filter(error -> !error.contains(expected)).toList());
  }

  /// The errors in the browser's own console since the last time it was asked.
  List<String> errors() {
    return driver.manage().logs().get(LogType.BROWSER).getAll().stream()
        .filter(entry -> entry.getLevel().intValue() >= Level.WARNING.intValue())
        .map(entry -> entry.getMessage())
        .toList();
  }

  void photograph(Path file) throws IOException {
    Files.createDirectories(file.getParent());
    Files.write(file, driver.getScreenshotAs(OutputType.BYTES));
  }

  @Override
  public void close() throws IOException {
    driver.quit();
    try {
      Tools.delete(profile);
    } catch (FileSystemException stillWritten) {
      // The browser's last process is slow to end; what it leaves is among temporary files.
    }
  }
}
