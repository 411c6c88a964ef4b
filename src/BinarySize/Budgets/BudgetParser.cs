using System.Globalization;
using BinarySize.IO;

namespace BinarySize.Budgets;

/// <summary>A budget as it was typed: a name and metadata.</summary>
public sealed record BudgetSource(string Name, IReadOnlyDictionary<string, string> Metadata, SourceLocation Location);

/// <summary>Reads budgets; every mistake is a finding that says where it is and what would be right.</summary>
public static class BudgetParser
{
    /// <summary>The name of the budget that the BinarySizeBudget property stands for.</summary>
    public const string ShorthandName = "total";

    /// <summary>Metadata that a budget can have.</summary>
    public static IReadOnlyList<string> KnownMetadata { get; } =
        ["Max", "Warn", "MaxGrowth", "MaxGrowthPercent", "Scope", "Match", "Each", "Metric", "Stage", "MinMatches", "Forbid", "Owner"];

    /// <summary>Budgets from items and from the shorthand property.</summary>
    /// <param name="shorthand">Value of the property; null or empty where it is not set.</param>
    /// <param name="shorthandLocation">Where the property was written.</param>
    /// <param name="sources">The items.</param>
    /// <param name="findings">Takes what is wrong.</param>
    public static List<Budget> Parse(string? shorthand, SourceLocation shorthandLocation, IReadOnlyList<BudgetSource> sources, List<BudgetFinding> findings)
    {
        ArgumentNullException.ThrowIfNull(sources);
        ArgumentNullException.ThrowIfNull(findings);
        var budgets = new List<Budget>();
        if (!string.IsNullOrWhiteSpace(shorthand))
        {
            if (ByteSize.TryParse(shorthand, out long max)) budgets.Add(new Budget { Name = ShorthandName, Max = max, MaxText = shorthand.Trim(), Location = shorthandLocation });
            else findings.Add(new("BSZ1001", true, $"Property BinarySizeBudget is '{shorthand}', which is not a size. Write {ByteSize.Forms}.", shorthandLocation));
        }
        var seen = new Dictionary<string, SourceLocation>(StringComparer.OrdinalIgnoreCase);
        if (budgets.Count > 0) seen[ShorthandName] = shorthandLocation;
        foreach (BudgetSource source in sources)
        {
            if (!seen.TryAdd(source.Name, source.Location))
            {
                SourceLocation first = seen[source.Name];
                string where = source.Name.Equals(ShorthandName, StringComparison.OrdinalIgnoreCase) && first == shorthandLocation
                    ? "the BinarySizeBudget property makes a budget of that name"
                    : $"the first one stands in {Path.GetFileName(first.File)}{(first.Line > 0 ? string.Create(CultureInfo.InvariantCulture, $" line {first.Line}") : "")}";
                findings.Add(new("BSZ1004", true, $"There are two size budgets named '{source.Name}'; {where}. Give each a name of its own.", source.Location));
                continue;
            }
            if (new Definition(source, findings).Read() is { } budget) budgets.Add(budget);
        }
        return budgets;
    }

    private sealed class Definition(BudgetSource source, List<BudgetFinding> findings)
    {
        private bool _failed;

        public Budget? Read()
        {
            foreach ((string name, string _) in source.Metadata)
            {
                if (KnownMetadata.Contains(name, StringComparer.OrdinalIgnoreCase)) continue;
                string meant = Nearest.Find(name, KnownMetadata) is { } near ? $" Did you mean '{near}'?" : "";
                Fail("BSZ1002", $"Size budget '{source.Name}' has unknown metadata '{name}'.{meant} Known are: {string.Join(", ", KnownMetadata)}.");
            }
            BudgetScope scope = Choice("Scope", BudgetScope.Artifact);
            BudgetMetric metric = Choice("Metric", BudgetMetric.Raw);
            long? max = Limit("Max", metric), warn = Limit("Warn", metric);
            long? maxGrowth = Limit("MaxGrowth", metric);
            decimal? maxGrowthPercent = Percent("MaxGrowthPercent");
            bool forbid = Flag("Forbid"), each = Flag("Each");
            string? match = Text("Match");
            int minMatches = forbid ? 0 : 1;
            if (Text("MinMatches") is { } least && !int.TryParse(least, NumberStyles.None, CultureInfo.InvariantCulture, out minMatches))
            {
                Fail("BSZ1005", $"Size budget '{source.Name}' has MinMatches '{least}'; write a whole number, 0 where finding nothing is fine.");
            }
            var stages = new List<Stage>();
            foreach (string stage in (Text("Stage") ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            {
                stages.Add(Parse<Stage>("Stage", stage, default));
            }
            var patterns = new List<NamePattern>();
            foreach (string pattern in (match ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            {
                patterns.Add(new NamePattern(pattern, isPath: scope is BudgetScope.File or BudgetScope.Artifact));
            }
            if (forbid && ((max ?? warn ?? maxGrowth) is not null || maxGrowthPercent is not null)) Fail("BSZ1006", $"Size budget '{source.Name}' sets Forbid and a limit; what may not ship needs none. Remove one of them.");
            if (forbid && match is null) Fail("BSZ1006", $"Size budget '{source.Name}' sets Forbid without Match and so forbids everything. Add Match.");
            if (!forbid && max is null && warn is null && maxGrowth is null && maxGrowthPercent is null && !_failed) Fail("BSZ1006", $"Size budget '{source.Name}' sets no limit. Add Max, Warn, MaxGrowth, MaxGrowthPercent or Forbid.");
            if (warn > max) Fail("BSZ1006", $"Size budget '{source.Name}' warns at {warn}, above its Max of {max}. Warn must be lower.");
            if (metric is BudgetMetric.Gzip or BudgetMetric.Brotli && scope is not (BudgetScope.Artifact or BudgetScope.File or BudgetScope.Package or BudgetScope.Assembly))
            {
                Fail("BSZ1006", $"Size budget '{source.Name}' wants {Name(metric)} of a {Name(scope)}; only whole files can be compressed. Use Scope artifact, file, package or assembly, or Metric raw.");
            }
            return _failed ? null : new Budget
            {
                Name = source.Name,
                Scope = scope,
                Match = patterns,
                MatchText = match,
                Metric = metric,
                Stages = stages,
                Max = max,
                MaxText = Text("Max"),
                Warn = warn,
                MaxGrowth = maxGrowth,
                MaxGrowthPercent = maxGrowthPercent,
                Each = each,
                MinMatches = minMatches,
                Forbid = forbid,
                Owner = Text("Owner"),
                Location = source.Location,
            };
        }

        private string? Text(string name)
        {
            foreach ((string key, string value) in source.Metadata)
            {
                if (key.Equals(name, StringComparison.OrdinalIgnoreCase)) return string.IsNullOrWhiteSpace(value) ? null : value.Trim();
            }
            return null;
        }

        private long? Limit(string name, BudgetMetric metric)
        {
            if (Text(name) is not { } text) return null;
            if (metric == BudgetMetric.Count)
            {
                if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long count)) return count;
                Fail("BSZ1001", $"Size budget '{source.Name}' counts things, so {name} must be a whole number; it is '{text}'.");
                return null;
            }
            if (ByteSize.TryParse(text, out long bytes)) return bytes;
            Fail("BSZ1001", $"Size budget '{source.Name}' has {name} '{text}', which is not a size. Write {ByteSize.Forms}.");
            return null;
        }

        private decimal? Percent(string name)
        {
            if (Text(name) is not { } text) return null;
            // Without its sign 5 could as well mean 500 %.
            if (text.EndsWith('%') && decimal.TryParse(text.AsSpan()[..^1].TrimEnd(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal percent) && percent <= 1_000_000) return percent;
            Fail("BSZ1001", $"Size budget '{source.Name}' has {name} '{text}', which is no percentage. Write a number with a percent sign, like 5% or 0.5%.");
            return null;
        }

        private bool Flag(string name)
        {
            if (Text(name) is not { } text) return false;
            if (bool.TryParse(text, out bool value)) return value;
            Fail("BSZ1005", $"Size budget '{source.Name}' has {name} '{text}'; write true or false.");
            return false;
        }

        private T Choice<T>(string name, T otherwise) where T : struct, Enum => Text(name) is { } text ? Parse(name, text, otherwise) : otherwise;

        private T Parse<T>(string name, string text, T otherwise) where T : struct, Enum
        {
            // Enum.TryParse alone would take numbers and lists.
            if (text.All(char.IsAsciiLetter) && Enum.TryParse(text, ignoreCase: true, out T value)) return value;
            string[] names = [.. Enum.GetNames<T>().Select(n => typeof(T) == typeof(Stage) ? n : n.ToLowerInvariant())];
            string meant = Nearest.Find(text, names) is { } near ? $" Did you mean '{near}'?" : "";
            Fail("BSZ1005", $"Size budget '{source.Name}' has {name} '{text}'.{meant} Known are: {string.Join(", ", names)}.");
            return otherwise;
        }

        private void Fail(string code, string message)
        {
            _failed = true;
            findings.Add(new(code, true, message, source.Location));
        }
    }

    /// <summary>How a scope is typed and shown.</summary>
    public static string Name(BudgetScope scope) => scope.ToString().ToLowerInvariant();

    /// <summary>How a metric is typed and shown.</summary>
    public static string Name(BudgetMetric metric) => metric.ToString().ToLowerInvariant();
}
