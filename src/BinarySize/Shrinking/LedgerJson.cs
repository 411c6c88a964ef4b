using System.Text.Json;

namespace BinarySize.Shrinking;

/// <summary>The ledger as JSON, as it stands in a report (docs/schema/report-1.json) and in the intermediate folder.</summary>
public static class LedgerJson
{
    private static readonly string[] s_outcomes = ["applied", "undone", "left", "advice"], s_checks = ["none", "load", "command"];

    /// <summary>An outcome's name.</summary>
    public static string NameOf(LedgerOutcome outcome) => s_outcomes[(int)outcome];

    /// <summary>A check's name.</summary>
    public static string NameOf(LedgerCheck check) => s_checks[(int)check];

    /// <summary>Writes the ledger as an object.</summary>
    public static void Write(Utf8JsonWriter json, Ledger ledger)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(ledger);
        json.WriteStartObject();
        json.WriteNumber("before", ledger.Before);
        json.WriteNumber("after", ledger.After);
        json.WriteStartArray("rows");
        foreach (LedgerRow row in ledger.Rows)
        {
            json.WriteStartObject();
            json.WriteString("step", row.Step);
            json.WriteString("target", row.Target);
            json.WriteString("outcome", NameOf(row.Outcome));
            json.WriteNumber("files", row.Files);
            json.WriteNumber("before", row.Before);
            json.WriteNumber("after", row.After);
            json.WriteNumber("seconds", Math.Round(row.Seconds, 2));
            json.WriteString("verified", NameOf(row.Verified));
            WriteOptional(json, "startupBefore", row.StartupBefore);
            WriteOptional(json, "startupAfter", row.StartupAfter);
            WriteOptional(json, "memoryBefore", row.MemoryBefore);
            WriteOptional(json, "memoryAfter", row.MemoryAfter);
            WriteOptional(json, "tool", row.Tool);
            WriteOptional(json, "code", row.Code);
            WriteOptional(json, "reason", row.Reason);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>Reads what <see cref="Write"/> wrote; null where it is not that.</summary>
    public static Ledger? TryRead(JsonElement json)
    {
        try
        {
            if (json.ValueKind != JsonValueKind.Object) return null;
            var rows = new List<LedgerRow>();
            foreach (JsonElement row in json.GetProperty("rows").EnumerateArray())
            {
                int outcome = Array.IndexOf(s_outcomes, row.GetProperty("outcome").GetString()), check = Array.IndexOf(s_checks, row.GetProperty("verified").GetString());
                if (outcome < 0 || check < 0) return null;
                rows.Add(new LedgerRow(Text(row, "step") ?? "", Text(row, "target") ?? "", (LedgerOutcome)outcome, row.GetProperty("before").GetInt64(), row.GetProperty("after").GetInt64())
                {
                    Files = row.GetProperty("files").GetInt32(),
                    Seconds = row.GetProperty("seconds").GetDouble(),
                    Verified = (LedgerCheck)check,
                    StartupBefore = Number(row, "startupBefore"),
                    StartupAfter = Number(row, "startupAfter"),
                    MemoryBefore = (long?)Number(row, "memoryBefore"),
                    MemoryAfter = (long?)Number(row, "memoryAfter"),
                    Tool = Text(row, "tool"),
                    Code = Text(row, "code"),
                    Reason = Text(row, "reason"),
                });
            }
            return new Ledger(json.GetProperty("before").GetInt64(), json.GetProperty("after").GetInt64(), rows);
        }
        catch (Exception e) when (e is InvalidOperationException or KeyNotFoundException or FormatException)
        {
            return null;
        }
    }

    /// <summary>Reads a file that holds a ledger; null where it is missing or damaged.</summary>
    public static Ledger? TryRead(string path)
    {
        try
        {
            if (!File.Exists(path)) return null;
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            return TryRead(document.RootElement);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    /// <summary>The ledger as UTF-8 bytes.</summary>
    public static byte[] ToBytes(Ledger ledger)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, NewLine = "\n" })) Write(json, ledger);
        return stream.ToArray();
    }

    private static void WriteOptional(Utf8JsonWriter json, string name, double? value)
    {
        if (value is { } number) json.WriteNumber(name, Math.Round(number, 1));
        else json.WriteNull(name);
    }

    private static void WriteOptional(Utf8JsonWriter json, string name, long? value)
    {
        if (value is { } number) json.WriteNumber(name, number);
        else json.WriteNull(name);
    }

    private static void WriteOptional(Utf8JsonWriter json, string name, string? value)
    {
        if (string.IsNullOrEmpty(value)) json.WriteNull(name);
        else json.WriteString(name, value);
    }

    private static double? Number(JsonElement row, string name) => row.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;

    private static string? Text(JsonElement row, string name) => row.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
