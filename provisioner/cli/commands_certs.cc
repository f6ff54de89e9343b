// certs: the certificates of a deployment, their ends and their renewal.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "provisioner/base/error.h"
#include "provisioner/base/text.h"
#include "provisioner/cli/certificates.h"
#include "provisioner/cli/deployments.h"
#include "provisioner/cli/exit_codes.h"
#include "provisioner/cli/jobs.h"
#include "provisioner/operations/found_certificates.h"
#include "provisioner/operations/revisions.h"
#include "provisioner/report/table.h"
#include "provisioner/report/terminal.h"
#include "provisioner/run/lease.h"

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

std::string certificate_lines(Context& context, const DeploymentRecord& record) {
  auto certificates = known_certificates(context.store(), context.roles(), record);
  // CAs alone, made with the deployment, are nobody's.
  bool some = std::any_of(certificates.begin(), certificates.end(),
                          [](const auto& known) { return !known.node.empty(); });
  auto soonest = soonest_to_end(certificates);
  if (!some || !soonest) return "";
  const auto now = context.clock().wall_ms();
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
  bool goes_on = held_lease(context.store(), record.name, now).has_value();
  if (!unfinished.empty() && goes_on) {
    text += "  " + unfinished + "\n";
  } else if (!unfinished.empty()) {
    text += "  " + unfinished + "; go on: muster certs " +
            (record.certificates.phase == RotationPhase::none ? "renew " : "rotate-ca ") +
            record.name + "\n";
  }
  return text;
}

namespace {

struct CertsListOptions {
  std::string name;
  bool refresh = false;
  std::string output;
};

/// Of what the nodes have in their files.
int list_on_nodes(Context& context, const DeploymentRecord& record, const std::string& output) {
  auto quiet = context.quiet();
  const auto cluster = context.cluster_of(record);
  int code = kDone;
  auto found = find_certificates(context.world(*quiet), cluster, record, context.stop(),
                                 [&](const auto& problem) {
                                   context.talk() << "muster: " << problem << "\n";
                                   code = kFailed;
                                 });
  const auto now = context.clock().wall_ms();
  Json all = Json::array();
  std::vector<std::vector<std::string>> rows;
  for (const auto& one : found) {
    all.push_back(to_json(one, now));
    rows.push_back({one.node, one.file, one.authority.empty() ? "not muster's" : one.authority,
                    one.subject, day_of(one.ends_ms), cell_of(days_until(one.ends_ms, now))});
  }
  if (output == "json") {
    context.out() << all.dump(2) << "\n";
  } else {
    context.out() << render_table({"NODE", "FILE", "CA", "SUBJECT", "EXPIRES", "DAYS"}, rows);
  }
  return code;
}

int run_certs_list(Context& context, const CertsListOptions& options) {
  auto record = context.deployment(options.name);
  if (options.refresh) return list_on_nodes(context, record, options.output);
  const auto now = context.clock().wall_ms();
  auto certificates = known_certificates(context.store(), context.roles(), record);
  if (options.output == "json") {
    Json all = Json::array();
    for (const auto& one : certificates) all.push_back(to_json(one, now));
    context.out() << all.dump(2) << "\n";
    return kDone;
  }
  if (certificates.empty()) {
    context.talk() << "muster: '" << record.name << "' has no certificates\n";
    return kDone;
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& one : certificates) {
    rows.push_back({one.node.empty() ? "-" : one.node, one.name, one.authority, one.subject,
                    day_of(one.ends_ms), cell_of(days_until(one.ends_ms, now)), one.renewed_by});
  }
  context.out() << render_table({"NODE", "NAME", "CA", "SUBJECT", "EXPIRES", "DAYS", "RENEWED BY"},
                                rows);
  return kDone;
}

struct CertsOptions {
  std::string name;
  RunArguments run;
  std::string last_phase = "3";  ///< of a rotation
};

std::string check_phase(const CertsOptions& options) {
  return options.run.json && !options.run.yes
             ? "'--json' is for programs, which cannot answer: say --yes"
             : "";
}

/// One run with the recorded definition and another order of certificates.
int reorder_certificates(Context& context, const std::string& name, const RunArguments& run,
                         Reorder reorder) {
  auto record = context.deployment(name);
  auto quiet = context.quiet();
  auto definition = recorded_definition(context.world(*quiet), name, record.revision);
  if (known_certificates(context.store(), context.roles(), record).empty()) {
    throw Error("'" + name + "' has no certificates", ExitCode::usage)
        .hint("they are made when its roles are applied: muster status " + name);
  }
  context.report(definition.diagnostics);  // warnings
  return run_jobs(
      context, run,
      {{name, &definition, "muster " + context.command() + " " + name, std::move(reorder)}});
}

int run_certs_renew(Context& context, const CertsOptions& options) {
  const auto& name = options.name;
  auto now = context.deployment(name).certificates;
  order_renewal(now);  // throws when it cannot be
  if (!now.is_done()) context.talk() << "muster: going on with a renewal that was not done\n";
  int code = reorder_certificates(context, name, options.run, order_renewal);
  if (context.deployment(name).certificates.is_done() && code == kDone) {
    context.talk() << "muster: kubeconfigs that were handed out stay good until their own end\n";
  }
  return code;
}

int run_certs_rotate(Context& context, const CertsOptions& options) {
  const auto& name = options.name;
  context.need_terminal_or_yes(options.run.yes, "a rotation ends the kubeconfigs of the old CA");
  auto run = options.run;
  const int last_phase = options.last_phase.front() - '0';
  auto now = context.deployment(name).certificates;
  if (next_phase(now) == 1 && last_phase > 1) {
    context.talk()
        << "muster: after phase 3 kubeconfigs handed out before it stop working; pods that read the"
           " CA only when they start must be restarted between phases 1 and 2 (--phase 1 stops"
           " there)\n";
  }
  do {
    auto phase = next_phase(now);
    if (phase > last_phase) {
      context.talk() << "muster: phase " << last_phase << " is done already\n";
      return kDone;
    }
    context.talk() << "muster: CA rotation, phase " << phase << " of 3\n";
    int code = reorder_certificates(context, name, run, order_rotation);
    if (code != kDone) return code;
    now = context.deployment(name).certificates;
    run.yes = true;  // asked once for all of it
  } while (now.phase != RotationPhase::none && static_cast<int>(now.phase) < last_phase);
  if (now.phase == RotationPhase::none) {
    context.talk() << "muster: the old CAs are gone; kubeconfigs of theirs no longer work\n";
  } else {
    context.talk() << "muster: " << unfinished_words(now) << "\n  go on:  muster certs rotate-ca "
                   << name << "\n";
  }
  return kDone;
}

}  // namespace

void add_certs_commands(Table& table) {
  table.group(Group::certificates);
  auto list = table.command("certs list",
                            "every certificate: whose, of which CA, until when, who renews it",
                            run_certs_list);
  list.takes(name_argument(list->name), flag("--refresh", "read them on the nodes", list->refresh),
             output_option({"json"}, list->output))
      .example("certs list cluster01");
  auto renew = table.command("certs renew", "give all nodes new certificates, one node at a time",
                             run_certs_renew);
  renew
      .takes(name_argument(renew->name), yes_option(renew->run.yes), parallel_option(renew->run),
             event_options(renew->run))
      .example("certs renew cluster01")
      .is_run();
  auto rotate =
      table.command("certs rotate-ca", "new CAs in three phases; kubeconfigs of the old ones end",
                    run_certs_rotate);
  rotate
      .takes(name_argument(rotate->name),
             choice("--phase N", "stop when phase 1, 2 or 3 is done; 3 when absent",
                    {"1", "2", "3"}, rotate->last_phase),
             yes_option(rotate->run.yes), parallel_option(rotate->run), event_options(rotate->run))
      .example("certs rotate-ca cluster01")
      .example("certs rotate-ca cluster01 --phase 1")
      .check(check_phase)
      .is_run();
}

}  // namespace muster
