#include "tests/simulator/options.h"

#include <charconv>
#include <functional>
#include <map>

#include "provisioner/base/error.h"

namespace muster::simulator {

namespace {

constexpr const char* kHelp = R"(muster-simulator: plays nodes with an SSH server, in one process.
Every figure taken against it is a simulation's and must be called so. See tests/simulator/README.md.

Each node is one loopback address; all have the same port, and the same host key (made anew at each
start). One line "ready N nodes" on stdout says that connections are taken. SIGUSR1 prints the
counters as a line of JSON; SIGTERM prints them too and ends the simulator.

  --nodes N              how many nodes to play (10)
  --first-address A      of the first node; the others have the addresses after it (127.64.0.1)
  --port P               of every node; 0 takes a free one, see --inventory (0)
  --authorized-key FILE  public keys that may log in, one a line; may be given more than once
  --inventory FILE       write the hosts file for provider inventory, once connections are taken
  --identity FILE        the private key that the hosts file names
  --user NAME            the login user that the hosts file names; anyone may log in (root)
  --seed N               of all that is random (1)

The network. Latency is made in this process, for each direction, on top of that of loopback:
  --latency MS           round trip
  --jitter MS            up to so much is added to each direction, at random
  --loss PERCENT         of TCP segments. TCP hides loss from programs, so this is the delay that a
                         retransmission costs: a round trip and 200 ms, doubled if lost again
  --failure-rate PERCENT of connections that are cut (reset), at a random instant of
  --failure-within MS    after their start (2000)
  --refuse-rate PERCENT  of connections that are dropped before the banner
  --max-startups N       drop at once what goes beyond N connections of one node that have not
                         logged in, as sshd's MaxStartups; 0 has no limit (0)

The nodes:
  --slow PERCENT         of nodes are slow: latency and tasks take
  --slow-factor F        times as long (5)
  --answer canned|sh     canned: role scripts are answered without being run: every task "changed"
                         the first time on a node, "unchanged" after that.
                         sh: scripts are run by /bin/sh ON THIS MACHINE as you: only for roles that
                         do no harm (canned)
  --task-ms MS           how long a canned task takes (0)
  --max-processes N      sh: scripts that run at once, of all nodes; the others wait (4)
)";

double number(const std::string& option, const std::string& text, double least, double most) {
  double value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < least || value > most) {
    throw Error(option + " '" + text + "' is not a number from " +
                    std::to_string(static_cast<long>(least)) + " to " +
                    std::to_string(static_cast<long>(most)),
                ExitCode::usage);
  }
  return value;
}

Answer answer_of(const std::string& text) {
  if (text == "sh") return Answer::sh;
  if (text == "canned") return Answer::canned;
  throw Error("--answer is 'sh' or 'canned', not '" + text + "'", ExitCode::usage);
}

using Setters = std::map<std::string, std::function<void(const std::string&)>>;

Setters setters(SimulatorOptions& options) {
  Setters all;
  auto real = [&](const char* name, double& target, double least, double most) {
    all[name] = [=, &target](const auto& text) { target = number(name, text, least, most); };
  };
  auto whole = [&](const char* name, auto& target, int least, int most) {
    all[name] = [=, &target](const auto& text) {
      target =
          static_cast<std::remove_reference_t<decltype(target)>>(number(name, text, least, most));
    };
  };
  auto time = [&](const char* name, std::chrono::milliseconds& target) {
    all[name] = [=, &target](const auto& text) {
      target = std::chrono::milliseconds(static_cast<long>(number(name, text, 0, 3'600'000)));
    };
  };
  auto word = [&](const char* name, std::string& target) {
    all[name] = [&target](const auto& text) { target = text; };
  };
  whole("--nodes", options.nodes, 1, 65'000);
  whole("--port", options.port, 0, 65'535);
  whole("--max-startups", options.max_startups, 0, 1'000'000);
  whole("--max-processes", options.max_processes, 1, 1'000);
  whole("--seed", options.seed, 0, 2'000'000'000);
  real("--loss", options.loss, 0, 99);
  real("--failure-rate", options.failure_rate, 0, 100);
  real("--refuse-rate", options.refuse_rate, 0, 100);
  real("--slow", options.slow, 0, 100);
  real("--slow-factor", options.slow_factor, 1, 1'000);
  time("--latency", options.latency);
  time("--jitter", options.jitter);
  time("--failure-within", options.failure_within);
  time("--task-ms", options.task_time);
  word("--first-address", options.first_address);
  word("--inventory", options.inventory);
  word("--identity", options.identity);
  word("--user", options.user);
  all["--authorized-key"] = [&](const auto& text) { options.authorized_keys.push_back(text); };
  all["--answer"] = [&](const auto& text) { options.answer = answer_of(text); };
  return all;
}

}  // namespace

SimulatorOptions parse_simulator_options(const std::vector<std::string>& arguments) {
  SimulatorOptions options;
  auto known = setters(options);
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--help" || arguments[i] == "-h") {
      options.help = true;
      return options;
    }
    auto found = known.find(arguments[i]);
    if (found == known.end() || i + 1 == arguments.size()) {
      throw Error(found == known.end() ? "there is no option '" + arguments[i] + "'"
                                       : arguments[i] + " needs a value",
                  ExitCode::usage)
          .hint("see muster-simulator --help");
    }
    found->second(arguments[++i]);
  }
  return options;
}

const char* simulator_help() { return kHelp; }

}  // namespace muster::simulator
