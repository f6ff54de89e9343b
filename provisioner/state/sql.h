#pragma once

// Only for the .cc files of this folder: it brings SQLiteCpp along.
#include <SQLiteCpp/SQLiteCpp.h>
#include <SQLiteCpp/VariadicBind.h>

namespace muster {

/// Runs one statement with its parameters in order; returns how many rows it changed.
template <typename... Values>
int execute(SQLite::Database& db, const char* sql, const Values&... values) {
  SQLite::Statement statement(db, sql);
  SQLite::bind(statement, values...);
  return statement.exec();
}

/// Calls `row` with the statement at each row of the answer.
template <typename Row, typename... Values>
void query(SQLite::Database& db, const char* sql, Row row, const Values&... values) {
  SQLite::Statement statement(db, sql);
  SQLite::bind(statement, values...);
  while (statement.executeStep()) row(statement);
}

}  // namespace muster
