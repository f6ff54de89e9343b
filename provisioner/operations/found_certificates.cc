#include "provisioner/operations/found_certificates.h"

#include <nlohmann/json.hpp>
#include <set>

#include "provisioner/base/error.h"
#include "provisioner/base/resources.h"
#include "provisioner/base/text.h"
#include "provisioner/run/access.h"
#include "provisioner/run/context.h"
#include "provisioner/tasks/compile.h"

namespace muster {

namespace {

constexpr std::chrono::seconds kLookDeadline{30};
constexpr std::size_t kMostOfCertificates = 4 << 20;  // nodes may say anything
constexpr std::string_view kFile = "=> ";
constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";
constexpr std::string_view kEnd = "-----END CERTIFICATE-----";

constexpr const char* kPrint = "provisioner/operations/found_certificates.sh";

class Search {
 public:
  Search(const World& world, const Cluster& cluster, const DeploymentRecord& record,
         std::stop_token stop)
      : world_(world),
        cluster_(cluster),
        record_(record),
        before_(index_of(record)),
        links_(login_options(world, record, std::move(stop))),
        vault_(deployment_vault(*world.store, record.name)),
        authorities_(kept_authorities(*vault_)) {
    for (const auto& node : record.nodes) endpoints_[node.name] = node.endpoint;
  }

  void read(const NodeRecord& node) {
    const auto* wanted = cluster_.find(node.name);
    if (wanted == nullptr) return;
    auto& link = links_.to(node.name, node.endpoint);
    std::string script(resource(kPrint));
    for (const auto& path : paths_on(node, *wanted, link.facts())) {
      script += "m_print " + shell_quote(path) + "\n";
    }
    std::string printed;
    link.run_plain(script, kLookDeadline, [&](std::string_view bytes) {
      if (printed.size() < kMostOfCertificates) printed += bytes;
    });
    for (const auto& [file, pem] : certificates_in(printed)) add(node.name, file, pem);
  }

  std::vector<FoundCertificate> take() { return std::move(found_); }

 private:
  std::set<std::string> paths_on(const NodeRecord& node, const Node& wanted, const Facts& facts) {
    std::set<std::string> paths;
    for (const auto& role : *world_.roles) {
      if (role.certificates.empty() || node.find_role(role.name) == nullptr) continue;
      auto plain = role;
      plain.certificates.clear();  // else the context would issue them
      ContextInput input;
      input.cluster = &cluster_;
      input.node = &wanted;
      input.role = &plain;
      input.facts = facts;
      input.endpoints = &endpoints_;
      input.before = &before_;
      input.certificates = &record_.certificates;
      Pki pki(*vault_, record_.name, record_.certificates);
      const auto context = make_context(input, pki);
      for (const auto* tasks : {&role.tasks, &role.handlers}) {
        for (const auto& task : *tasks) {
          const auto* path = task.args.find("path");
          if (path == nullptr || (task.kind != "file" && task.kind != "link")) continue;
          paths.insert(render_template(path->text, role.file, context));
        }
      }
    }
    return paths;
  }

  void add(const std::string& node, const std::string& file, const std::string& pem) {
    auto facts = certificate_facts(pem);
    if (!facts) return;
    FoundCertificate one{node, file, "", facts->subject, facts->serial, facts->until_s * 1000};
    for (const auto& [name, authority] : authorities_) {
      if (is_signed_by(pem, authority)) one.authority = name;
    }
    found_.push_back(std::move(one));
  }

  const World& world_;
  const Cluster& cluster_;
  const DeploymentRecord& record_;
  RecordIndex before_;
  std::map<std::string, Endpoint> endpoints_;
  NodeLinks links_;
  std::unique_ptr<Vault> vault_;
  std::vector<std::pair<std::string, std::string>> authorities_;
  std::vector<FoundCertificate> found_;
};

}  // namespace

std::vector<std::pair<std::string, std::string>> certificates_in(const std::string& printed) {
  std::vector<std::pair<std::string, std::string>> found;
  std::string file;
  std::string pem;
  for (const auto& line : split(printed, '\n')) {
    if (line.starts_with(kFile)) {
      file = line.substr(kFile.size());
      pem.clear();
    } else if (line == kBegin) {
      pem = line + "\n";
    } else if (!pem.empty()) {
      pem += line + "\n";
      if (line != kEnd) continue;
      found.emplace_back(file, std::move(pem));
      pem.clear();
    }
  }
  return found;
}

std::vector<FoundCertificate> find_certificates(
    const World& world, const Cluster& cluster, const DeploymentRecord& record,
    std::stop_token stop, const std::function<void(const std::string&)>& on_problem) {
  Search search(world, cluster, record, stop);
  for (const auto& node : record.nodes) {
    if (node.state != NodeState::ready || stop.stop_requested()) continue;
    try {
      search.read(node);
    } catch (const Error& error) {
      on_problem(node.name + ": " + error.what());
    }
  }
  return search.take();
}

}  // namespace muster
