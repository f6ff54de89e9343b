// certs: the certificates of a deployment, their ends and their renewal.
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "provisioner/base/error.h"
#include "provisioner/base/text.h"
#include "provisioner/cli/app.h"
#include "provisioner/cli/certificates.h"
#include "provisioner/cli/exit_codes.h"
#include "provisioner/engine/found_certificates.h"
#include "provisioner/engine/lease.h"
#include "provisioner/engine/revisions.h"
#include "provisioner/report/table.h"
#include "provisioner/report/terminal.h"

namespace muster {

namespace {

using Json = nlohmann::ordered_json;

/// "2027-01-31".
std::string day_of(std::int64_t ms) { return format_time(ms).substr(0, 10); }

std::string cell_of(std::int64_t days) { return days < 0 ? "expired" : std::to_string(days); }

Json to_json(const KnownCertificate& one, std::int64_t now_ms) {
  return {{"node", one.node},
          {"name", one.name},
          {"ca", one.authority},
          {"subject", one.subject},
          {"serial", one.serial},
          {"expires", format_time(one.ends_ms)},
          {"days_left", days_until(one.ends_ms, now_ms)},
          {"renewed_by", one.renewed_by}};
}

Json to_json(const FoundCertificate& one, std::int64_t now_ms) {
  return {{"node", one.node},
          {"file", one.file},
          {"ca", one.authority},
          {"subject", one.subject},
          {"serial", one.serial},
          {"expires", format_time(one.ends_ms)},
          {"days_left", days_until(one.ends_ms, now_ms)}};
}

/// What phase is the next one to be done; 0: a rotation begins with it.
int next_phase(const CertificateOrder& now) { return static_cast<int>(order_rotation(now).phase); }

}  // namespace

Json certificates_json(const std::vector<KnownCertificate>& certificates,
                       const CertificateOrder& order, std::int64_t now_ms) {
  Json json{{"count", certificates.size()}};
  if (auto soonest = soonest_to_end(certificates)) {
    json["soonest"] = {{"certificate", soonest->name},
                       {"node", soonest->node},
                       {"expires", format_time(soonest->ends_ms)},
                       {"days_left", days_until(soonest->ends_ms, now_ms)}};
  }
  json["rotation_phase"] = static_cast<int>(order.phase);
  json["done"] = order.is_done();
  return json;
}

int App::certs() {
  if (options_.command == "certs list") return certs_list();
  return options_.command == "certs renew" ? certs_renew() : certs_rotate();
}

int App::certs_on_nodes(const DeploymentRecord& record) {
  auto quiet = make_json_reporter(talk_);
  const auto cluster = cluster_of(record);
  int code = kDone;
  auto found = find_certificates(world(*quiet), cluster, record, stop_, [&](const auto& problem) {
    talk_ << "muster: " << problem << "\n";
    code = static_cast<int>(ExitCode::step_failed);
  });
  const auto now = clock_.wall_ms();
  Json all = Json::array();
  std::vector<std::vector<std::string>> rows;
  for (const auto& one : found) {
    all.push_back(to_json(one, now));
    rows.push_back({one.node, one.file, one.authority.empty() ? "not muster's" : one.authority,
                    one.subject, day_of(one.ends_ms), cell_of(days_until(one.ends_ms, now))});
  }
  if (options_.output == "json") {
    out_ << all.dump(2) << "\n";
  } else {
    out_ << render_table({"NODE", "FILE", "CA", "SUBJECT", "EXPIRES", "DAYS"}, rows);
  }
  return code;
}

int App::certs_list() {
  auto record = deployment(options_.arguments.front());
  if (options_.refresh) return certs_on_nodes(record);
  const auto now = clock_.wall_ms();
  auto certificates = known_certificates(store(), roles(), record);
  if (options_.output == "json") {
    Json all = Json::array();
    for (const auto& one : certificates) all.push_back(to_json(one, now));
    out_ << all.dump(2) << "\n";
    return kDone;
  }
  if (certificates.empty()) {
    talk_ << "muster: '" << record.name << "' has no certificates\n";
    return kDone;
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& one : certificates) {
    rows.push_back({one.node.empty() ? "-" : one.node, one.name, one.authority, one.subject,
                    day_of(one.ends_ms), cell_of(days_until(one.ends_ms, now)), one.renewed_by});
  }
  out_ << render_table({"NODE", "NAME", "CA", "SUBJECT", "EXPIRES", "DAYS", "RENEWED BY"}, rows);
  return kDone;
}

int App::reorder_certificates(const std::string& name, Reorder reorder) {
  auto record = deployment(name);
  auto quiet = make_json_reporter(talk_);
  auto definition = recorded_definition(world(*quiet), name, record.revision);
  if (known_certificates(store(), roles(), record).empty()) {
    throw Error("'" + name + "' has no certificates", ExitCode::usage)
        .hint("they are made when its roles are applied: muster status " + name);
  }
  report(definition.diagnostics);  // warnings
  return run_jobs(
      {{name, &definition, "muster " + options_.command + " " + name, std::move(reorder)}});
}

int App::certs_renew() {
  const auto& name = options_.arguments.front();
  auto now = deployment(name).certificates;
  order_renewal(now);  // throws when it cannot be
  if (!now.is_done()) talk_ << "muster: going on with a renewal that was not done\n";
  int code = reorder_certificates(name, order_renewal);
  if (deployment(name).certificates.is_done() && code == kDone) {
    talk_ << "muster: kubeconfigs that were handed out stay good until their own end\n";
  }
  return code;
}

int App::certs_rotate() {
  const auto& name = options_.arguments.front();
  if (!options_.yes && ::isatty(STDIN_FILENO) == 0) {
    throw Error("a rotation ends the kubeconfigs of the old CA", ExitCode::usage)
        .hint("without a terminal to ask on, say --yes");
  }
  auto now = deployment(name).certificates;
  if (next_phase(now) == 1 && options_.last_phase > 1) {
    talk_
        << "muster: after phase 3 kubeconfigs handed out before it stop working; pods that read the"
           " CA only when they start must be restarted between phases 1 and 2 (--phase 1 stops"
           " there)\n";
  }
  do {
    auto phase = next_phase(now);
    if (phase > options_.last_phase) {
      talk_ << "muster: phase " << options_.last_phase << " is done already\n";
      return kDone;
    }
    talk_ << "muster: CA rotation, phase " << phase << " of 3\n";
    if (int code = reorder_certificates(name, order_rotation); code != kDone) return code;
    now = deployment(name).certificates;
    options_.yes = true;  // asked once for all of it
  } while (now.phase != RotationPhase::none && static_cast<int>(now.phase) < options_.last_phase);
  if (now.phase == RotationPhase::none) {
    talk_ << "muster: the old CAs are gone; kubeconfigs of theirs no longer work\n";
  } else {
    talk_ << "muster: " << unfinished_words(now) << "\n  go on:  muster certs rotate-ca " << name
          << "\n";
  }
  return kDone;
}

std::string App::certificate_lines(const DeploymentRecord& record) {
  auto certificates = known_certificates(store(), roles(), record);
  // CAs alone, made with the deployment, are nobody's.
  bool some = std::any_of(certificates.begin(), certificates.end(),
                          [](const auto& known) { return !known.node.empty(); });
  auto soonest = soonest_to_end(certificates);
  if (!some || !soonest) return "";
  const auto now = clock_.wall_ms();
  auto days = days_until(soonest->ends_ms, now);
  auto whose = soonest->name + (soonest->node.empty() ? "" : " of " + soonest->node);
  std::string text =
      "certificates: " + std::to_string(certificates.size()) + "; the soonest to end is " + whose +
      ", " + (days < 0 ? "which ended" : "in " + count_of(static_cast<std::size_t>(days), "day")) +
      " (" + day_of(soonest->ends_ms) + ")\n";
  if (days < kDaysToWarn) {
    text += std::string("  warning: ") + (days < 0 ? "it has expired" : "it expires soon") +
            "; renew it: " + soonest->renewed_by + " " + record.name + "\n";
  }
  auto unfinished = unfinished_words(record.certificates);
  bool goes_on = held_lease(store(), record.name, now).has_value();
  if (!unfinished.empty() && goes_on) {
    text += "  " + unfinished + "\n";
  } else if (!unfinished.empty()) {
    text += "  " + unfinished + "; go on: muster certs " +
            (record.certificates.phase == RotationPhase::none ? "renew " : "rotate-ca ") +
            record.name + "\n";
  }
  return text;
}

}  // namespace muster
