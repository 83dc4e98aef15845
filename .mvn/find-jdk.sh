# Sourced by ./weft and ./check.

# The Java release a JDK folder says it is (its feature number), or nothing.
jdk_feature() {
  sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release" 2>/dev/null
}

# Whether a folder holds a whole JDK of release 25 or later.
is_jdk() {
  [ -n "$1" ] && [ -x "$1/bin/java" ] && [ -x "$1/bin/javac" ] || return 1
  local feature
  feature=$(jdk_feature "$1")
  [ -n "$feature" ] && [ "$feature" -ge 25 ]
}

# Prints the home of a JDK 25 or later; status 1, and nothing, if there is none.
find_jdk() {
  local home java
  if is_jdk "${JAVA_HOME:-}"; then
    printf '%s\n' "$JAVA_HOME"
    return 0
  fi
  if java=$(command -v java); then
    home=$(dirname "$(dirname "$(readlink -f "$java" 2>/dev/null || printf '%s' "$java")")")
    if is_jdk "$home"; then
      printf '%s\n' "$home"
      return 0
    fi
  fi
  for home in \
    /usr/lib/jvm/* /usr/java/* /opt/* /opt/java/* \
    "${HOME:-/nowhere}"/.sdkman/candidates/java/* "${HOME:-/nowhere}"/.jdks/* \
    "${HOME:-/nowhere}"/.local/share/mise/installs/java/* \
    /Library/Java/JavaVirtualMachines/*/Contents/Home \
    "${HOME:-/nowhere}"/Library/Java/JavaVirtualMachines/*/Contents/Home \
    /opt/homebrew/opt/openjdk*/libexec/openjdk.jdk/Contents/Home \
    /usr/local/opt/openjdk*/libexec/openjdk.jdk/Contents/Home; do
    if is_jdk "$home"; then
      printf '%s\n' "$home"
      return 0
    fi
  done
  return 1
}

# Says on stderr, under the name $1, that there is no JDK 25, and where to get one.
say_no_jdk() {
  cat >&2 <<END
$1: no JDK 25 found, neither in JAVA_HOME nor on the PATH nor in the usual folders.
  Debian, Ubuntu:  apt install openjdk-25-jdk, or Temurin from https://adoptium.net
  SDKMAN:          sdk install java 25-tem
  macOS:           brew install openjdk@25
  Elsewhere:       https://adoptium.net/temurin/releases/?version=25
Then try again, or name it: JAVA_HOME=/path/to/jdk-25 $1
END
}
