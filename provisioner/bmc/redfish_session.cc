#include "provisioner/bmc/redfish_session.h"

#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "provisioner/base/backoff.h"
#include "provisioner/base/clock.h"
#include "provisioner/base/error.h"
#include "provisioner/base/fibers.h"
#include "provisioner/base/text.h"
#include "provisioner/base/utf8.h"
#include "provisioner/bmc/password.h"
#include "provisioner/bmc/redfish_json.h"

namespace muster {

namespace {

using Json = nlohmann::json;

constexpr const char* kRoot = "/redfish/v1/";
constexpr std::size_t kMostText = 400;
constexpr std::chrono::seconds kTaskDeadline{120};
constexpr std::chrono::milliseconds kFirstLook{200};
constexpr std::chrono::milliseconds kLastLook{2000};

/// The states in which a task has come to a bad end.
bool has_failed(const std::string& task) {
  return task == "Exception" || task == "Killed" || task == "Cancelled" || task == "Interrupted";
}

bool is_refusal(long status) { return status == 401 || status == 403; }

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

RedfishSession::RedfishSession(const BmcEndpoint& endpoint, const std::stop_token& stop)
    : endpoint_(endpoint), stop_(stop), https_(endpoint, stop) {
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
  if (!own_.empty()) https_.tell(request("DELETE", own_));
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

HttpsRequest RedfishSession::request(const std::string& method, const std::string& path) const {
  HttpsRequest request;
  request.method = method;
  request.path = path;
  request.token = token_;
  request.password = password_;
  return request;
}

Json RedfishSession::get(const std::string& path) {
  std::string etag;
  return get(path, etag);
}

Json RedfishSession::get(const std::string& path, std::string& etag) {
  const auto answer = https_.ask(request("GET", path));
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

HttpsAnswer RedfishSession::send(const std::string& method, const std::string& path,
                                 std::string text, const std::string& etag) {
  auto order = request(method, path);
  order.body = std::move(text);
  order.etag = etag;
  return https_.ask(order);
}

void RedfishSession::require(const HttpsAnswer& answer, const std::string& doing) const {
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

void RedfishSession::finish(const HttpsAnswer& answer, const std::string& doing) {
  const auto monitor = path_in(answer.header("location"));
  if (answer.status != 202 || monitor.empty()) return;
  const Deadline deadline(kTaskDeadline);
  Backoff backoff(kFirstLook, kLastLook);
  while (!deadline.passed() && !stop_.stop_requested()) {
    const auto told = https_.ask(request("GET", monitor));
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
