#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <type_traits>

namespace SQLite {
class Database;
}

namespace muster {

/// The version of the schema that this muster writes.
int schema_version();

class SqlConnection;

/// The SQLite file below the store: opened with care, used from several threads and processes, its
/// failures turned into Error (exit code 3).
class Database {
 public:
  /// `patience` is how long to wait for another process that writes.
  explicit Database(const std::filesystem::path& directory,
                    std::chrono::milliseconds patience = std::chrono::seconds(30));
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Each runs `body` in one transaction and returns what it returns. `what` says in an error what
  // was going on. The body may run again when another process was in the way.

  template <typename Body>
  auto read(const std::string& what, Body body) {
    return run(Access::read, what, body);
  }
  template <typename Body>
  auto write(const std::string& what, Body body) {
    return run(Access::write, what, body);
  }
  /// Survives the process at once, and a power cut with the next write().
  template <typename Body>
  auto write_lightly(const std::string& what, Body body) {
    return run(Access::write_lightly, what, body);
  }

  /// One transaction, as write() makes it, of all that this thread reads and writes in `body`. Of a
  /// write in it that throws nothing stays; when `body` throws, nothing of any.
  void together(const std::function<void()>& body);

 private:
  enum class Access { read, write, write_lightly };

  template <typename Body>
  auto run(Access access, const std::string& what, Body& body) {
    using Result = std::invoke_result_t<Body&, SQLite::Database&>;
    if constexpr (std::is_void_v<Result>) {
      transact(access, what, body);
    } else {
      Result result{};
      transact(access, what, [&](SQLite::Database& db) { result = body(db); });
      return result;
    }
  }

  void open();
  void migrate();
  void transact(Access access, const std::string& what,
                const std::function<void(SQLite::Database&)>& body);
  void patiently(const std::function<void()>& attempt) const;

  std::filesystem::path file_;
  std::chrono::milliseconds patience_;
  void set_syncing(bool sync);
  void join(const std::function<void(SQLite::Database&)>& body);

  std::recursive_mutex mutex_;  // guards all below: the connection and its settings
  std::unique_ptr<SqlConnection> db_;
  bool syncing_ = true;     // every commit, as PRAGMA synchronous=FULL
  bool gathering_ = false;  // in together()
};

}  // namespace muster
