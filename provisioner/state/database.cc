#include "provisioner/state/database.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <thread>

#include "provisioner/base/clock.h"
#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/state/schema.h"
#include "provisioner/state/sql.h"

namespace muster {

namespace {

Error state_error(const std::string& message, const std::string& hint) {
  return Error(message, ExitCode::locked).hint(hint);
}

Error unusable(const std::filesystem::path& path, int number) {
  return state_error("cannot use the state in '" + path.string() + "': " + std::strerror(number),
                     "change its owner or mode, or name another directory with --state");
}

void prepare_directory(const std::filesystem::path& directory) {
  std::error_code failure;
  if (std::filesystem::exists(directory, failure) &&
      !std::filesystem::is_directory(directory, failure)) {
    throw state_error("the state '" + directory.string() + "' is not a directory",
                      "name a directory with --state or MUSTER_STATE");
  }
  try {
    make_directory(directory, 0700);
  } catch (const Error& error) {
    throw state_error(error.what(), "name another directory with --state or MUSTER_STATE");
  }
  // SQLite keeps its log beside the file.
  if (::faccessat(AT_FDCWD, directory.c_str(), R_OK | W_OK | X_OK, AT_EACCESS) != 0) {
    throw unusable(directory, errno);
  }
}

/// The file must have its mode before SQLite opens it: the log and its index take the same one.
void prepare_file(const std::filesystem::path& file) {
  // Not open(): closing a descriptor of the file would drop the locks that another connection of
  // this process holds on it (sqlite.org/howtocorrupt.html, 2.2).
  if (::mknod(file.c_str(), S_IFREG | 0600, 0) != 0 && errno != EEXIST) {
    throw unusable(file, errno);
  }
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0) throw unusable(file, errno);
  if (!S_ISREG(info.st_mode)) {
    throw state_error("the state file '" + file.string() + "' is not a file",
                      "move it away, or name another directory with --state");
  }
  if ((info.st_mode & 077) != 0 && ::chmod(file.c_str(), 0600) != 0) throw unusable(file, errno);
  if (::faccessat(AT_FDCWD, file.c_str(), R_OK | W_OK, AT_EACCESS) != 0) {
    throw unusable(file, errno);
  }
}

Error newer(const std::filesystem::path& file, int version) {
  return state_error("the state file '" + file.string() + "' has version " +
                         std::to_string(version) + ", this muster knows versions up to " +
                         std::to_string(schema_version()),
                     "use the muster that wrote it, or a newer one");
}

Error foreign(const std::filesystem::path& file) {
  return state_error("the state file '" + file.string() + "' is a database of another program",
                     "move it away, or name another directory with --state");
}

/// What SQLite's complaint means to a user; nothing has been written when it is raised.
Error explain(const SQLite::Exception& failure, const std::filesystem::path& file,
              std::chrono::milliseconds patience) {
  auto name = "the state file '" + file.string() + "'";
  auto full = [&] {
    return state_error("cannot write " + name + ": the disk is full",
                       "free some space, then run the same command again");
  };
  // To read it takes an index beside it, which finds no room.
  if (failure.getExtendedErrorCode() == SQLITE_IOERR_SHMSIZE) return full();
  switch (failure.getErrorCode() & 0xFF) {  // without the extension of the code
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return state_error(name + " is damaged: " + failure.what(),
                         "put a backup in its place; or move it away to begin anew, and destroy by "
                         "hand what it knew");
    case SQLITE_FULL:
      return full();
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
      return state_error("cannot use " + name + ": " + failure.what(),
                         "change its owner or mode, or name another directory with --state");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return state_error(name + " is in use: another process has been writing to it for " +
                             std::to_string(patience.count() / 1000) + " s",
                         "wait for it, or end it, then run the same command again");
    case SQLITE_CONSTRAINT:
      return state_error("what it belongs to is no longer in " + name,
                         "another muster may have removed it; see what 'muster list' says");
    default:
      return state_error("cannot use " + name + ": " + failure.what(),
                         "see to the disk that it is on, then run the same command again");
  }
}

int version_of(SQLite::Database& db) { return db.execAndGet("PRAGMA user_version").getInt(); }

}  // namespace

int schema_version() { return static_cast<int>(migrations().size()); }

Database::Database(const std::filesystem::path& directory, std::chrono::milliseconds patience)
    : file_(directory / "muster.db"), patience_(patience) {
  prepare_directory(directory);
  prepare_file(file_);
  try {
    patiently([this] { open(); });
  } catch (const SQLite::Exception& failure) {
    throw explain(failure, file_, patience_).while_doing("opening the state");
  }
}

Database::~Database() = default;

void Database::open() {
  db_ = std::make_unique<SqlConnection>(file_.string(), SQLite::OPEN_READWRITE,
                                        static_cast<int>(patience_.count()));
  // Before anything that writes: a file that is not ours to change stays as it is.
  auto version = version_of(*db_);
  if (version > schema_version()) throw newer(file_, version);
  if (version == 0 && db_->execAndGet("SELECT count(*) FROM sqlite_master").getInt() > 0) {
    // Another muster may be creating it at this moment: then it has a version by now.
    if (version_of(*db_) == 0) throw foreign(file_);
  }
  db_->exec(
      "PRAGMA journal_mode=WAL;"
      "PRAGMA synchronous=FULL;"
      "PRAGMA foreign_keys=ON;"
      "PRAGMA secure_delete=ON");  // a forgotten secret leaves no bytes behind
  if (version < schema_version()) migrate();
}

void Database::migrate() {
  SQLite::Transaction transaction(*db_, SQLite::TransactionBehavior::IMMEDIATE);
  auto version = version_of(*db_);  // again: another process may have been faster
  if (version > schema_version()) throw newer(file_, version);
  for (auto step : migrations().subspan(static_cast<std::size_t>(version))) db_->exec(step);
  db_->exec("PRAGMA user_version=" + std::to_string(schema_version()));
  transaction.commit();
}

void Database::patiently(const std::function<void()>& attempt) const {
  // SQLite waits by itself where it can; in some corners (another process recovers or removes the
  // log) it only says "busy".
  Deadline deadline(patience_);
  for (;;) {
    try {
      attempt();
      return;
    } catch (const SQLite::Exception& failure) {
      if ((failure.getErrorCode() & 0xFF) != SQLITE_BUSY || deadline.passed()) throw;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

void Database::set_syncing(bool sync) {
  if (sync == syncing_) return;
  db_->exec(sync ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
  syncing_ = sync;
}

void Database::together(const std::function<void()>& body) {
  std::lock_guard lock(mutex_);
  try {
    set_syncing(true);
    std::optional<SQLite::Transaction> transaction;
    patiently([&] { transaction.emplace(*db_, SQLite::TransactionBehavior::IMMEDIATE); });
    gathering_ = true;
    try {
      body();
    } catch (...) {
      gathering_ = false;
      throw;
    }
    gathering_ = false;
    transaction->commit();
  } catch (const SQLite::Exception& failure) {
    throw explain(failure, file_, patience_).while_doing("recording what was done");
  }
}

/// In together(): a transaction of its own within the one that is open.
void Database::join(const std::function<void(SQLite::Database&)>& body) {
  db_->exec("SAVEPOINT one");
  try {
    body(*db_);
  } catch (...) {
    // After a full disk the whole transaction is gone already; together() says so.
    db_->tryExec("ROLLBACK TO one; RELEASE one");
    throw;
  }
  db_->exec("RELEASE one");
}

void Database::transact(Access access, const std::string& what,
                        const std::function<void(SQLite::Database&)>& body) {
  std::lock_guard lock(mutex_);
  try {
    if (gathering_) return join(body);
    if (access != Access::read) set_syncing(access == Access::write);
    patiently([&] {
      SQLite::Transaction transaction(*db_, access == Access::read
                                                ? SQLite::TransactionBehavior::DEFERRED
                                                : SQLite::TransactionBehavior::IMMEDIATE);
      body(*db_);
      transaction.commit();
    });
  } catch (const SQLite::Exception& failure) {
    throw explain(failure, file_, patience_).while_doing(what);
  }
}

}  // namespace muster
