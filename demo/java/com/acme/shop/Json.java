package com.acme.shop;

/** Builds one flat JSON object; enough for a demonstration. */
final class Json {
  private final StringBuilder text = new StringBuilder();

  Json open() {
    text.append('{');
    return this;
  }

  Json field(String name, String value) {
    if (text.length() > 1) text.append(',');
    quoted(name).append(':');
    quoted(value);
    return this;
  }

  String close() {
    return text.append('}').toString();
  }

  private StringBuilder quoted(String value) {
    text.append('"');
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (c == '"' || c == '\\') text.append('\\');
      text.append(c);
    }
    return text.append('"');
  }
}
