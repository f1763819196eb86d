// Prints the prime factors of numbers, from the arguments or else from standard input, as `factor` of GNU coreutils
// does: the same bytes, messages and exit codes. Numbers go to flynn a batch at a time, and as soon as no more input is
// waiting, so that whoever feeds a pipe slowly gets each answer at once.

#include <getopt.h>
#include <langinfo.h>
#include <poll.h>
#include <unistd.h>
#include <flynn/flynn.hpp>

#include <cerrno>
#include <charconv>
#include <clocale>
#include <cstdio>
#include <cstring>
#include <cwchar>
#include <cwctype>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr std::size_t batch_size = 65536;

/// A word as the messages of coreutils show it: in the quotes of the locale, what cannot be printed as an escape.
std::string quoted(std::string_view word) {
  const bool utf8 = std::strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
  const std::string_view open = utf8 ? "‘" : "'", close = utf8 ? "’" : "'";
  std::string text(open);
  std::mbstate_t state = {};
  while (!word.empty()) {
    wchar_t wide;
    const std::size_t bytes = std::mbrtowc(&wide, word.data(), word.size(), &state);
    const bool valid = bytes > 0 && bytes <= word.size();
    const std::string_view character = word.substr(0, valid ? bytes : 1);
    constexpr std::string_view letters = "abtnvfr";  // the escapes of the characters 7 to 13
    if (const unsigned char c = character[0]; c >= 7 && c <= 13)
      text += {'\\', letters[c - 7]};
    else if (character == "\\" || character == close)
      (text += '\\') += character;
    else if (valid && std::iswprint(wide))
      text += character;
    else
      for (unsigned char byte : character)
        text += {'\\', char('0' + byte / 64), char('0' + byte / 8 % 8), char('0' + byte % 8)};
    if (!valid) state = {};
    word.remove_prefix(character.size());
  }
  return text += close;
}

class Factorer {
 public:
  explicit Factorer(const flynn::Options& options) : options_(options) {}

  /// One number as text. What is wrong with it goes to standard error.
  void add(std::string_view word) {
    word = word.substr(0, word.find('\0'));
    std::string_view digits = word.substr(std::min(word.find_first_not_of(' '), word.size()));
    if (digits.starts_with('+')) digits.remove_prefix(1);
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (digits.empty() || end != digits.data() + digits.size() || digits.starts_with('-'))
      complain(word, "is not a valid positive integer");
    else if (error == std::errc::result_out_of_range)
      complain(word, "is too large");
    else
      numbers_.push_back(number);
    if (numbers_.size() == batch_size) flush();
  }

  /// Factorises and prints what was added.
  void flush() {
    if (numbers_.empty()) return;
    const flynn::Factors factors = flynn::factorize(numbers_, options_);
    text_.clear();
    for (std::size_t i = 0; i < numbers_.size(); ++i) {
      append(numbers_[i]);
      text_ += ':';
      for (std::size_t k = factors.offsets[i]; k < factors.offsets[i + 1]; ++k)
        for (int e = 0; e < factors.exponents[k]; ++e) {
          text_ += ' ';
          append(factors.primes[k]);
        }
      text_ += '\n';
    }
    numbers_.clear();
    for (std::string_view rest = text_; !rest.empty();) {
      const ssize_t written = write(STDOUT_FILENO, rest.data(), rest.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) throw std::runtime_error(std::string("write error: ") + std::strerror(errno));
      rest.remove_prefix(static_cast<std::size_t>(written));
    }
  }

  bool all_valid() const { return all_valid_; }

 private:
  void complain(std::string_view word, const char* what) {
    flush();
    std::fprintf(stderr, "factor: %s %s\n", quoted(word).c_str(), what);
    all_valid_ = false;
  }
  void append(std::uint64_t number) {
    char digits[20];
    text_.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
  }

  flynn::Options options_;
  std::vector<std::uint64_t> numbers_;
  std::string text_;
  bool all_valid_ = true;
};

/// Whether a read would return at once.
bool input_is_waiting() {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  return poll(&input, 1, 0) > 0;
}

/// Reads words between blanks, tabs and newlines to the end of standard input.
void read_words(Factorer& factorer) {
  constexpr std::string_view separators = " \t\n";
  std::string text;  // what was read and not yet taken; at most its last word is incomplete
  std::vector<char> block(std::size_t{1} << 20);
  for (;;) {
    if (!input_is_waiting()) factorer.flush();
    const ssize_t bytes = read(STDIN_FILENO, block.data(), block.size());
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes < 0) throw std::runtime_error(std::string("error reading input: ") + std::strerror(errno));
    const std::size_t known = text.size();
    text.append(block.data(), static_cast<std::size_t>(bytes));
    std::size_t begin = 0;
    for (std::size_t at = known; (at = text.find_first_of(separators, at)) != text.npos; begin = ++at)
      if (at > begin) factorer.add(std::string_view(text).substr(begin, at - begin));
    text.erase(0, begin);
    if (bytes == 0) break;
  }
  if (!text.empty()) factorer.add(text);
}

constexpr const char* help = R"(Usage: factor [--backend NAME] [NUMBER]...
Print the prime factors of each NUMBER below 2^64. Without a NUMBER, read them from standard input.

      --backend NAME  run on this backend, such as scalar, simd, threads or opencl; default: the best one
      --help          show this text
)";

}  // namespace

int main(int argc, char** argv) {
  std::setlocale(LC_ALL, "");
  constexpr option options[] = {
      {"backend", required_argument, nullptr, 'b'}, {"help", no_argument, nullptr, 'h'}, {nullptr, 0, nullptr, 0}};
  flynn::Options flynn_options;
  char program[] = "factor";  // getopt_long begins its messages with it
  argv[0] = program;
  for (int option; (option = getopt_long(argc, argv, "", options, nullptr)) != -1;) {
    if (option == 'h') return std::fputs(help, stdout) < 0;
    if (option != 'b') {
      std::fputs("Try 'factor --help' for more information.\n", stderr);
      return 1;
    }
    flynn_options.backend = optarg;
  }
  try {
    flynn::factorize({}, flynn_options);  // an unknown or missing backend is an error before any input is read
    Factorer factorer(flynn_options);
    for (int i = optind; i < argc; ++i) factorer.add(argv[i]);
    if (optind == argc) read_words(factorer);
    factorer.flush();
    return !factorer.all_valid();
  } catch (const flynn::Error& error) {
    std::fprintf(stderr, "factor: %s\n", error.what());
    return error.code() == flynn::Code::invalid_argument ? 2 : error.code() == flynn::Code::unavailable ? 3 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "factor: %s\n", error.what());
    return 1;
  }
}
