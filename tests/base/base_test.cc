#include <doctest/doctest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <latch>
#include <thread>

#include "provisioner/base/backoff.h"
#include "provisioner/base/diagnostics.h"
#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/process.h"
#include "provisioner/base/resources.h"
#include "provisioner/base/text.h"

using namespace muster;

TEST_CASE("diagnostics: a mistake shows file, line, column, the line and a caret") {
  Diagnostics diagnostics("a.json", "{\n  \"nmae\": 1\n}\n");
  diagnostics.error({2, 3}, "unknown key 'nmae'", "did you mean 'name'?");
  CHECK(diagnostics.render() ==
        "a.json:2:3: error: unknown key 'nmae'\n"
        "    \"nmae\": 1\n"
        "    ^\n"
        "  did you mean 'name'?\n");
}

TEST_CASE("diagnostics: one endless line is shown around the mistake only") {
  Diagnostics diagnostics("a.json", std::string(5000, 'x'));
  diagnostics.error({1, 4000}, "bad");
  CHECK(diagnostics.render().size() < 300);
}

TEST_CASE("diagnostics: mistakes come in the order of the text") {
  Diagnostics diagnostics("f", "a\nb\n");
  diagnostics.error({2, 1}, "second");
  diagnostics.warning({1, 1}, "first");
  auto text = diagnostics.render();
  CHECK(text.find("first") < text.find("second"));
  CHECK(diagnostics.has_errors());
}

TEST_CASE("text: in YAML's quotes any text is itself, on one line") {
  CHECK(yaml_quoted("on") == R"("on")");
  CHECK(yaml_quoted("") == R"("")");
  CHECK(yaml_quoted("a \"b\" \\ c") == R"("a \"b\" \\ c")");
  CHECK(yaml_quoted("1\n2\t\x7f") == R"("1\x0a2\x09\x7f")");
  CHECK(yaml_quoted("\xc3\xa4\xc2\x85\xe2\x80\xa8\xe2\x80\xa9.") == "\"\xc3\xa4\\N\\L\\P.\"");
}

TEST_CASE("text: nearest finds a slip of the fingers and nothing far off") {
  std::vector<std::string> keys{"nodes", "name", "tenant"};
  CHECK(nearest("nmae", keys) == "name");
  CHECK(nearest("tennant", keys) == "tenant");
  CHECK_FALSE(nearest("zzzzz", keys).has_value());
}

TEST_CASE("text: a quoted word comes out of sh as it went in") {
  for (std::string word :
       {"plain", "with space", "it's", "$(id)", "`id`", "a\nb", "", "\\", "-n"}) {
    auto out = run_or_throw({"sh", "-c", "printf %s " + shell_quote(word)});
    CHECK(out == word);
  }
}

TEST_CASE("text: base64 of the standard's vectors") {
  CHECK(base64_encode("") == "");
  CHECK(base64_encode("f") == "Zg==");
  CHECK(base64_encode("fo") == "Zm8=");
  CHECK(base64_encode("foobar") == "Zm9vYmFy");
}

TEST_CASE("text: durations read well") {
  CHECK(format_duration(0.85) == "850ms");
  CHECK(format_duration(12.34) == "12.3s");
  CHECK(format_duration(245) == "4m05s");
}

TEST_CASE("process: output, error output, exit code and stdin") {
  ProcessSpec spec;
  spec.argv = {"sh", "-c", "cat; echo oops >&2; exit 3"};
  spec.input = std::string(300000, 'x');
  auto result = run_process(spec);
  CHECK(result.exit_code == 3);
  CHECK(result.output.size() == 300000);
  CHECK(result.error_output == "oops\n");
}

TEST_CASE("process: a late program is killed, with what it started") {
  ProcessSpec spec;
  spec.argv = {"sh", "-c", "sleep 100 & sleep 100"};
  spec.deadline = std::chrono::milliseconds(100);
  CHECK(run_process(spec).timed_out);
}

TEST_CASE("process: one that writes without end is ended at its limit") {
  ProcessSpec spec;
  spec.argv = {"sh", "-c", "exec yes"};
  spec.output_limit = 100'000;
  auto result = run_process(spec);
  CHECK(result.too_much_output);
  CHECK(result.output.size() < 200'000);
  spec.argv = {"sh", "-c", "exec yes >&2"};
  CHECK(run_process(spec).too_much_output);
  spec.argv = {"echo", "little"};
  CHECK_FALSE(run_process(spec).too_much_output);
}

TEST_CASE("process: one that ends without reading its input does not end us") {
  auto before = ::signal(SIGPIPE, SIG_DFL);
  ProcessSpec spec;
  spec.argv = {"sh", "-c", "exit 4"};
  spec.input = std::string(1u << 20, 'x');
  CHECK(run_process(spec).exit_code == 4);
  // Ours: the program gets its signals as ever.
  spec.argv = {"sh", "-c", "kill -PIPE $$; exit 5"};
  CHECK(run_process(spec).exit_code == 128 + SIGPIPE);
  ::signal(SIGPIPE, before);
}

TEST_CASE("process: a daemon that keeps the pipes does not hold us") {
  ProcessSpec spec;
  spec.argv = {"sh", "-c", "echo started; sleep 2 & exit 0"};
  CHECK(run_process(spec).output == "started\n");
}

TEST_CASE("process: an interrupt ends an interruptible program, which may clean up") {
  auto marker =
      std::filesystem::temp_directory_path() / ("muster-interrupt-" + std::to_string(::getpid()));
  ProcessSpec spec;
  spec.argv = {"sh", "-c",
               "trap 'echo cleaned > " + marker.string() +
                   "; exit 1' TERM; sleep 100 & echo ready >&2; wait"};
  spec.interruptible = true;
  std::stop_source stop;
  spec.on_error_line = [&](std::string_view) { stop.request_stop(); };
  const InterruptScope scope(stop.get_token());
  CHECK_THROWS_WITH_AS(run_process(spec), "interrupted", Error);
  CHECK(read_file(marker) == "cleaned\n");
  std::filesystem::remove(marker);
  spec.argv = {"sh", "-c", "sleep 0.1"};
  CHECK_THROWS_WITH_AS(run_process(spec), "interrupted", Error);  // nor is one begun
  {
    const InterruptScope undo({});  // it was heeded
    CHECK(run_process(spec).exit_code == 0);
  }
  CHECK_THROWS_WITH_AS(run_process(spec), "interrupted", Error);
}

TEST_CASE("process: an interrupt of one run, and that it was heeded, are nothing to another one") {
  std::stop_source stop;
  ProcessSpec spec;
  spec.argv = {"sh", "-c", "echo ready >&2; sleep 100"};
  spec.interruptible = true;
  std::latch both(2);
  spec.on_error_line = [&](std::string_view) { both.count_down(); };
  std::stop_source other_stop;
  std::string other_end;
  std::atomic<bool> other_ended = false;
  std::jthread other([&] {
    const InterruptScope scope(other_stop.get_token());
    try {
      run_process(spec);
    } catch (const Error& error) {
      other_end = error.what();
    }
    other_ended = true;
  });
  std::jthread interrupting([&] {
    both.wait();
    stop.request_stop();
  });
  {
    const InterruptScope scope(stop.get_token());
    CHECK_THROWS_WITH_AS(run_process(spec), "interrupted", Error);
  }
  // Ours is undone, with programs that run to their end; theirs still runs, and can be stopped.
  const InterruptScope undo({});
  spec.argv = {"true"};
  spec.on_error_line = nullptr;
  CHECK(run_process(spec).exit_code == 0);
  CHECK_FALSE(other_ended);
  other_stop.request_stop();
  other.join();
  CHECK(other_end == "interrupted");
}

TEST_CASE("process: a program that does not exist is named") {
  CHECK_THROWS_WITH_AS(run_or_throw({"no-such-program"}),
                       "cannot run 'no-such-program': no such program in PATH\n"
                       "  install it, or add its folder to PATH",
                       Error);
}

TEST_CASE("text: the first line is the first that says something") {
  CHECK(first_line("\n  \n  why \nmore\n") == "why");
  CHECK(first_line(" \n") == "");
  CHECK(first_line("") == "");
}

TEST_CASE("backoff: pauses double up to the most, each shortened by at most a half") {
  using std::chrono::milliseconds;
  Backoff backoff(milliseconds(100), milliseconds(350));
  for (int whole : {100, 200, 350, 350}) {
    auto pause = backoff.next();
    CHECK(pause >= milliseconds(whole / 2));
    CHECK(pause <= milliseconds(whole));
  }
}

TEST_CASE("backoff: a stop ends the wait") {
  std::stop_source stop;
  stop.request_stop();
  Backoff backoff(std::chrono::hours(10), std::chrono::hours(10));
  backoff.wait(stop.get_token());  // or the test does not end
}

TEST_CASE("files: a file is written whole and read back; a directory is refused") {
  auto folder =
      std::filesystem::temp_directory_path() / ("muster-files-" + std::to_string(::getpid()));
  make_directory(folder, 0700);
  write_file(folder / "a", "content", 0600);
  CHECK(read_file(folder / "a") == "content");
  CHECK_THROWS_AS(read_file(folder), Error);
  CHECK_THROWS_AS(read_file(folder / "a", 3), Error);
  std::filesystem::remove_all(folder);
}

TEST_CASE("resources: the embedded build script is the file in the tree") {
  auto script = find_resource("artifacts/build-go.sh");
  REQUIRE(script.has_value());
  CHECK(*script == read_file(std::string(MUSTER_SOURCE_DIR) + "/artifacts/build-go.sh"));
}
