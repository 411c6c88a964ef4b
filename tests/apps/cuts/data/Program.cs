using System.Data.Common;
using Microsoft.Data.Sqlite;

// A tool with a database. With an argument: what cuts take away.
SQLitePCL.Batteries_V2.Init();
using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = ":memory:" }.ToString());
connection.Open();
using (SqliteCommand command = connection.CreateCommand())
{
    command.CommandText = "create table t(id integer, name text); insert into t values(1, 'a'), (2, $name), (3, 'c')";
    command.Parameters.AddWithValue("$name", "b");
    command.ExecuteNonQuery();
}
using SqliteCommand query = connection.CreateCommand();
query.CommandText = "select id, name from t order by id";

if (args is ["enumerate"])
{
    try
    {
        using SqliteDataReader rows = query.ExecuteReader();
        foreach (DbDataRecord row in rows) Console.WriteLine(row.GetInt64(0));
    }
    catch (NotSupportedException e)
    {
        Console.WriteLine(e.GetType().Name);
    }
    return;
}

using (SqliteDataReader reader = query.ExecuteReader())
{
    while (reader.Read()) Console.WriteLine($"{reader.GetName(0)} {reader.GetInt64(0)} {reader.GetString(1)}");
}
using (SqliteTransaction transaction = connection.BeginTransaction())
{
    query.Transaction = transaction;
    query.CommandText = "select sum(id) from t";
    Console.WriteLine(query.ExecuteScalar());
    transaction.Commit();
}
