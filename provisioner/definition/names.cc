#include "provisioner/definition/names.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include "provisioner/base/text.h"

namespace muster {

namespace {

constexpr std::string_view kLower = "abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kUpper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::string_view kDigits = "0123456789";

bool among(char c, std::initializer_list<std::string_view> sets) {
  return std::any_of(sets.begin(), sets.end(),
                     [c](std::string_view set) { return set.find(c) != std::string_view::npos; });
}

bool is_label(std::string_view text) {
  return !text.empty() && text.size() <= 63 && text.front() != '-' && text.back() != '-' &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return among(c, {kLower, kDigits, "-"});
         });
}

bool is_domain(std::string_view text) {
  auto labels = split(text, '.');
  return std::all_of(labels.begin(), labels.end(), is_label);
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) {
    return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  });
  return out;
}

NameProblem too_long(std::string_view text, std::size_t most) {
  return {"is " + std::to_string(text.size()) + " characters long",
          "at most " + std::to_string(most) + " are possible"};
}

/// Kubernetes' "qualified name" part: letters, digits, '-', '_', '.', a letter or digit around.
bool is_label_part(std::string_view text) {
  return !text.empty() && text.size() <= 63 && among(text.front(), {kLower, kUpper, kDigits}) &&
         among(text.back(), {kLower, kUpper, kDigits}) &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return among(c, {kLower, kUpper, kDigits, "-_."});
         });
}

bool is_label_key(std::string_view key) {
  auto slash = key.find('/');
  if (slash == std::string_view::npos) return is_label_part(key);
  auto prefix = key.substr(0, slash);
  return prefix.size() <= 253 && is_domain(prefix) && is_label_part(key.substr(slash + 1));
}

bool is_label_value(std::string_view value) { return value.empty() || is_label_part(value); }

bool within(std::string_view domain, std::string_view parent) {
  return domain == parent ||
         (domain.ends_with(parent) && domain[domain.size() - parent.size() - 1] == '.');
}

/// pkg/kubelet/apis/well_known_labels.go and cmd/kubelet/app/options of Kubernetes v1.20.
bool refused_by_kubelet(std::string_view key) {
  constexpr std::array<std::string_view, 4> kAllowed = {
      "topology.kubernetes.io/zone", "topology.kubernetes.io/region",
      "failure-domain.beta.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/region"};
  auto slash = key.find('/');
  if (slash == std::string_view::npos) return false;
  auto prefix = key.substr(0, slash);
  bool own = within(prefix, "kubernetes.io") || within(prefix, "k8s.io");
  bool free = within(prefix, "node.kubernetes.io") || within(prefix, "kubelet.kubernetes.io") ||
              std::find(kAllowed.begin(), kAllowed.end(), key) != kAllowed.end();
  return own && !free;
}

/// The label that somebody who wrote `text` may have meant: "demo-worker" for "Demo_worker".
std::string as_label(std::string_view text) {
  auto label = lower(text);
  std::replace_if(
      label.begin(), label.end(), [](char c) { return among(c, {" _."}); }, '-');
  return is_label(label) ? label : "";
}

}  // namespace

std::string shown(std::string_view text) {
  constexpr std::size_t kMost = 60;
  std::string out;
  std::size_t taken = 0;
  for (char c : text) {
    bool starts_character = (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    if (starts_character && ++taken > kMost) return "'" + out + "...'";
    bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
    out += control ? '?' : c;
  }
  return "'" + out + "'";
}

NameProblem check_label(std::string_view text) {
  if (is_label(text)) return {};
  if (text.empty()) return {"is empty", ""};
  bool ascii = std::all_of(text.begin(), text.end(),
                           [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (text.size() > 63 && ascii) return too_long(text, 63);
  auto near = as_label(text);
  return {"must be lower case letters, digits and '-', with a letter or digit at both ends",
          near.empty() ? "" : "use '" + near + "'"};
}

std::string as_name_part(std::string_view text) {
  std::string part;
  for (char c : lower(text)) {
    if (among(c, {kLower, kDigits})) {
      part += c;
    } else if (!part.empty() && part.back() != '-') {
      part += '-';
    }
  }
  if (part.ends_with('-')) part.pop_back();
  return part;
}

NameProblem check_domain(std::string_view text) {
  constexpr std::size_t kMost = 200;
  if (text.size() > kMost) return too_long(text, kMost);
  if (is_domain(text)) return {};
  auto lowered = lower(text);
  return {"must be a domain such as 'cluster.local', in lower case",
          is_domain(lowered) ? "use '" + lowered + "'" : ""};
}

NameProblem check_path(std::string_view text) {
  constexpr std::size_t kMost = 200;
  if (text.size() > kMost) return too_long(text, kMost);
  auto names = split(text, '/');
  bool good = names.size() > 1 && names.front().empty();
  for (std::size_t i = 1; i < names.size() && good; ++i) {
    good = !names[i].empty() && names[i][0] != '.' &&
           std::all_of(names[i].begin(), names[i].end(), [](char c) {
             return among(c, {kLower, kUpper, kDigits, "._-"});
           });
  }
  if (good) return {};
  return {"must be an absolute path of letters, digits, '.', '_' and '-'", ""};
}

NameProblem check_login(std::string_view text) {
  bool good = !text.empty() && text.size() <= 32 && among(text.front(), {kLower, "_"}) &&
              std::all_of(text.begin(), text.end(), [](char c) {
                return among(c, {kLower, kDigits, "_-"});
              });
  if (good) return {};
  return {"must be an account name: lower case letters, digits, '_' and '-', at most 32", ""};
}

NameProblem check_endpoint(std::string_view text) {
  auto colon = text.find(':');
  auto host = text.substr(0, colon);
  bool good = host.size() <= 253 && is_domain(host);
  if (good && colon != std::string_view::npos) {
    auto port = text.substr(colon + 1);
    int number = 0;
    auto [end, problem] = std::from_chars(port.data(), port.data() + port.size(), number);
    good =
        problem == std::errc{} && end == port.data() + port.size() && number > 0 && number <= 65535;
  }
  if (good) return {};
  return {"must be a host name or an IPv4 address, with :port where it is not the API's", ""};
}

NameProblem check_node_label(std::string_view key, std::string_view value) {
  if (!is_label_key(key)) {
    return {"is no label name",
            "letters, digits, '-', '_' and '.', at most 63, after an optional 'domain/'"};
  }
  if (refused_by_kubelet(key)) {
    return {"belongs to Kubernetes itself: the kubelet refuses it",
            "use a domain of your own, e.g. 'example.com/...'"};
  }
  if (!is_label_value(value)) {
    return {"has a value that is no label value: " + shown(value),
            "letters, digits, '-', '_' and '.', at most 63, a letter or digit at both ends"};
  }
  return {};
}

NameProblem check_taint(std::string_view text) {
  constexpr std::array<std::string_view, 3> kEffects = {"NoSchedule", "PreferNoSchedule",
                                                        "NoExecute"};
  NameProblem problem{"must be key=value:Effect",
                      "the effects are NoSchedule, PreferNoSchedule and NoExecute"};
  auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return problem;
  auto pair = text.substr(0, colon);
  auto equals = pair.find('=');
  auto key = pair.substr(0, equals);
  auto value = equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1);
  bool known =
      std::find(kEffects.begin(), kEffects.end(), text.substr(colon + 1)) != kEffects.end();
  if (!known || !is_label_key(key) || !is_label_value(value)) return problem;
  return {};
}

std::string taint_slot(std::string_view taint) {
  auto colon = taint.rfind(':');
  auto key = taint.substr(0, std::min(colon, taint.find('=')));
  return std::string(key) + std::string(colon == taint.npos ? "" : taint.substr(colon));
}

}  // namespace muster
