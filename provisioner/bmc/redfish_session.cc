#include "provisioner/bmc/redfish_session.h"

#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "inventory/address.h"
#include "provisioner/base/backoff.h"
#include "provisioner/base/clock.h"
#include "provisioner/base/error.h"
#include "provisioner/base/fibers.h"
#include "provisioner/base/text.h"
#include "provisioner/base/utf8.h"
#include "provisioner/bmc/password.h"
#include "provisioner/bmc/redfish_json.h"
#include "provisioner/pki/fingerprint.h"

namespace muster {

namespace {

using Json = nlohmann::json;

constexpr const char* kRoot = "/redfish/v1/";
constexpr std::size_t kMostText = 400;
constexpr std::chrono::seconds kRequestDeadline{60};  // BMCs take their time
constexpr std::chrono::seconds kGoodbyeDeadline{10};
constexpr std::chrono::seconds kTaskDeadline{120};
constexpr std::chrono::milliseconds kFirstLook{200};
constexpr std::chrono::milliseconds kLastLook{2000};

/// The states in which a task has come to a bad end.
bool has_failed(const std::string& task) {
  return task == "Exception" || task == "Killed" || task == "Cancelled" || task == "Interrupted";
}

bool is_refusal(long status) { return status == 401 || status == 403; }

HttpRules rules_for(const BmcEndpoint& endpoint) {
  HttpRules rules;
  rules.way.ca_file = endpoint.ca_file;
  rules.way.pinned_key = endpoint.fingerprint.substr(0, endpoint.fingerprint.find(' '));
  rules.way.insecure = endpoint.insecure;
  rules.way.proxy = "";
  rules.retries.server_errors = false;
  rules.retries.longest_pause = std::chrono::seconds(10);
  return rules;
}

std::string url_of(const BmcEndpoint& endpoint, const std::string& path) {
  auto host = bracketed(endpoint.address);
  if (auto scope = host.find('%'); scope != std::string::npos) host.replace(scope, 1, "%25");
  return "https://" + host + ":" + std::to_string(endpoint.port) + path;
}

}  // namespace

std::string path_in(const std::string& location) {
  if (location.starts_with("/")) return location.starts_with("//") ? "" : location;
  auto host = location.find("://");
  if (host == std::string::npos) return "";
  auto path = location.find('/', host + 3);
  return path == std::string::npos ? "" : location.substr(path);
}

std::string redfish_message(const std::string& body) {
  const auto json = Json::parse(body, nullptr, false);
  const auto error = member(json, "error");
  std::vector<std::string> texts;
  for (const auto& info : member(error, "@Message.ExtendedInfo")) {
    auto text = text_of(info, "Message");
    const auto resolution = text_of(info, "Resolution");
    if (!resolution.empty() && resolution != "None") text += " (" + resolution + ")";
    if (!text.empty()) texts.push_back(std::move(text));
  }
  auto said = texts.empty() ? text_of(error, "message") : join(texts, "; ");
  return said.substr(0, kMostText);
}

RedfishSession::RedfishSession(const BmcEndpoint& endpoint, const std::stop_token& stop,
                               std::shared_ptr<HttpTransport> transport)
    : endpoint_(endpoint), stop_(stop), http_(rules_for(endpoint), std::move(transport)) {
  auto password = password_of(endpoint);
  const auto root = get(kRoot);
  const auto sessions = link_of(member(root, "Links"), "Sessions");
  systems_ = link_of(root, "Systems");
  if (systems_.empty()) throw Error("BMC " + endpoint.address + " has no Redfish systems");
  if (sessions.empty()) {
    password_ = std::move(password);
  } else {
    log_in(sessions, password);
  }
}

RedfishSession::~RedfishSession() {
  if (own_.empty()) return;
  try {
    auto goodbye = request("DELETE", own_);
    goodbye.deadline = kGoodbyeDeadline;
    goodbye.stop = {};
    http_.once(goodbye);
  } catch (const std::exception&) {  // it ends by itself in the end
  }
}

void RedfishSession::log_in(const std::string& sessions, const Secret& password) {
  if (!utf8_characters(password.reveal())) {
    throw Error("the password in " + password_source(endpoint_) + " is no UTF-8 text",
                ExitCode::usage);
  }
  const Json login{{"UserName", endpoint_.user}, {"Password", password.reveal()}};
  const auto answer = send("POST", sessions, login.dump());
  require(answer, "logging in");
  token_ = Secret(answer.header("x-auth-token"));
  own_ = path_in(answer.header("location"));
  if (own_.empty()) own_ = link_of(Json::parse(answer.body, nullptr, false));
  if (token_.empty()) throw Error("BMC " + endpoint_.address + " gives no token at the login");
}

HttpRequest RedfishSession::request(const std::string& method, const std::string& path) const {
  HttpRequest request;
  request.method = method;
  request.url = url_of(endpoint_, path);
  request.headers = {{"Accept", "application/json"}, {"OData-Version", "4.0"}};
  if (!token_.empty()) request.secret_headers["X-Auth-Token"] = token_;
  if (!password_.empty()) {
    request.secret_headers["Authorization"] =
        Secret("Basic " + base64_encode(endpoint_.user + ":" + password_.reveal()));
  }
  request.deadline = kRequestDeadline;
  request.stop = stop_;
  return request;
}

HttpResponse RedfishSession::ask(const HttpRequest& request) {
  auto result = http_.call(request);
  if (!result.answered()) give_up(result);
  return std::move(result.response);
}

void RedfishSession::give_up(const HttpResult& result) {
  const auto name = "BMC " + endpoint_.address + " (redfish)";
  if (result.failure != HttpFailure::mistrusted) {
    throw Error(name + " does not answer: " + result.detail)
        .hint("see the address and the port (" + std::to_string(endpoint_.port) +
              "), and whether it is reached from this machine");
  }
  const auto shown = public_key_fingerprint(http_.certificate(url_of(endpoint_, "/")));
  if (endpoint_.fingerprint.empty()) {
    throw Error(name + " shows a certificate that is not trusted: " + result.detail)
        .hint(
            "compare its key with what the BMC's own pages say, and write it into the hosts "
            "file: fingerprint: \"" +
            shown + "\"; or name who signed it: ca_file");
  }
  throw Error(name + " shows another key than it should: " + shown)
      .hint(
          "if its certificate was renewed, write that as 'fingerprint' into the hosts file; if "
          "not, somebody is in between");
}

Json RedfishSession::get(const std::string& path) {
  std::string etag;
  return get(path, etag);
}

Json RedfishSession::get(const std::string& path, std::string& etag) {
  const auto answer = ask(request("GET", path));
  require(answer, "reading " + path);
  auto json = Json::parse(answer.body, nullptr, false);
  if (!json.is_object()) {
    throw Error("BMC " + endpoint_.address + " answers " + path + " with what is no Redfish")
        .hint("see the address and the port of 'bmc' in the hosts file");
  }
  etag = answer.header("etag");
  if (etag.empty()) etag = text_of(json, "@odata.etag");
  return json;
}

HttpResponse RedfishSession::send(const std::string& method, const std::string& path,
                                  std::string text, const std::string& etag) {
  auto order = request(method, path);
  order.body = std::move(text);
  if (!order.body.empty()) order.headers["Content-Type"] = "application/json";
  if (!etag.empty()) order.headers["If-Match"] = etag;
  return ask(order);
}

void RedfishSession::require(const HttpResponse& answer, const std::string& doing) const {
  if (answer.good()) return;
  const auto name = "BMC " + endpoint_.address + " (redfish), " + doing + ": ";
  const auto said = redfish_message(answer.body);
  const auto because = said.empty() ? "" : ": " + said;
  if (is_refusal(answer.status)) {
    throw Error(name + "it refuses the user '" + endpoint_.user + "' or the password" + because)
        .hint("see " + password_source(endpoint_) +
              "; it was asked once, since a BMC locks an account that fails too often");
  }
  throw Error(name + "it answered " + std::to_string(answer.status) + because);
}

void RedfishSession::finish(const HttpResponse& answer, const std::string& doing) {
  const auto monitor = path_in(answer.header("location"));
  if (answer.status != 202 || monitor.empty()) return;
  const Deadline deadline(kTaskDeadline);
  Backoff backoff(kFirstLook, kLastLook);
  while (!deadline.passed() && !stop_.stop_requested()) {
    const auto told = ask(request("GET", monitor));
    // Gone: it is over, and nobody remembers it.
    if (told.status == 404 || told.status == 410) return;
    require(told, doing);
    const auto task = Json::parse(told.body, nullptr, false);
    const auto state = text_of(task, "TaskState");
    if (has_failed(state)) {
      std::string why;
      for (const auto& message : member(task, "Messages")) why = text_of(message, "Message");
      throw Error("BMC " + endpoint_.address + " (redfish), " + doing + ": its task ended as " +
                  state + (why.empty() ? "" : ": " + why));
    }
    if (told.status != 202 && state != "New" && state != "Running" && state != "Pending" &&
        state != "Starting") {
      return;
    }
    pause_for(backoff.next(), stop_);
  }
}

}  // namespace muster
