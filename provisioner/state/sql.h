#pragma once

// Only for the .cc files of this folder: it brings SQLiteCpp along.
#include <SQLiteCpp/SQLiteCpp.h>
#include <SQLiteCpp/VariadicBind.h>

#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

namespace muster {

/// A connection that keeps its statements: SQLite takes longer to read most of ours than to run
/// them.
class SqlConnection : public SQLite::Database {
 public:
  using StatementPtr = std::unique_ptr<SQLite::Statement>;
  using SQLite::Database::Database;

  /// The caller's alone until it is given back; one that is not is forgotten.
  StatementPtr take(const std::string& sql) {
    auto idle = idle_.extract(sql);
    return idle.empty() ? std::make_unique<SQLite::Statement>(*this, sql)
                        : std::move(idle.mapped());
  }

  void give_back(const std::string& sql, StatementPtr statement) {
    statement->reset();
    statement->clearBindings();  // a secret may be among them
    idle_[sql] = std::move(statement);
  }

 private:
  std::unordered_map<std::string, StatementPtr> idle_;
};

/// Runs one statement with its parameters in order; returns how many rows it changed.
template <typename... Values>
int execute(SQLite::Database& db, const char* sql, const Values&... values) {
  auto& connection = static_cast<SqlConnection&>(db);
  auto statement = connection.take(sql);
  SQLite::bind(*statement, values...);
  int changed = statement->exec();
  connection.give_back(sql, std::move(statement));
  return changed;
}

/// Calls `row` with the statement at each row of the answer.
template <typename Row, typename... Values>
void query(SQLite::Database& db, const char* sql, Row row, const Values&... values) {
  auto& connection = static_cast<SqlConnection&>(db);
  auto statement = connection.take(sql);
  SQLite::bind(*statement, values...);
  while (statement->executeStep()) row(*statement);
  connection.give_back(sql, std::move(statement));
}

}  // namespace muster
