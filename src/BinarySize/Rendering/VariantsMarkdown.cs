using System.Globalization;
using System.Text;
using BinarySize.Variants;

namespace BinarySize.Rendering;

/// <summary>Variants as GitHub-flavoured Markdown; every name and reason stands in a code span of its own.</summary>
public static class VariantsMarkdown
{
    private sealed record Column(string Heading, Func<VariantResult, bool> Has, Func<Comparison, VariantResult, string> Cell);

    private static readonly Column[] s_columns =
    [
        new("Ships", static v => v.ShippedSize is not null, static (_, v) => Bytes(v.ShippedSize)),
        new("Change", static v => v.ShippedSize is not null, VariantsText.Change),
        new("Main file", static v => v.BinarySize is not null, static (_, v) => Bytes(v.BinarySize)),
        new("gzip", static v => v.GzipSize is not null, static (_, v) => Bytes(v.GzipSize)),
        new("brotli", static v => v.BrotliSize is not null, static (_, v) => Bytes(v.BrotliSize)),
        new("Build", static v => v.BuildSeconds is not null, static (_, v) => VariantsText.Seconds(v)),
        new("Start-up", static v => v.StartupMilliseconds is not null, static (_, v) => VariantsText.Milliseconds(v)),
        new("Memory", static v => v.PeakMemory is not null, static (_, v) => VariantsText.Size(v.PeakMemory)),
    ];

    /// <summary>The comparison.</summary>
    /// <param name="comparison">What is shown.</param>
    /// <param name="chart">File name of the chart beside it; null where there is none.</param>
    public static string Render(Comparison comparison, string? chart = null)
    {
        ArgumentNullException.ThrowIfNull(comparison);
        var text = new StringBuilder();
        text.Append("## Variants of ").Append(Escape.MarkdownCode(comparison.Project, inTable: false)).Append("\n\n");
        string[] about = [.. ((string?[])[comparison.Set, comparison.TargetFramework, comparison.RuntimeIdentifier, comparison.Sdk is { } sdk ? ".NET SDK " + sdk : null]).OfType<string>()];
        text.Append(string.Join(", ", about.Select(a => Escape.MarkdownCode(a, inTable: false)))).Append("\n\n");
        if (chart is not null) text.Append("![Bytes that ship, by variant](").Append(Uri.EscapeDataString(chart)).Append(")\n\n");
        // A column in which nothing was measured says nothing.
        Column[] columns = [.. s_columns.Where(c => comparison.Variants.Any(v => c.Has(v)))];
        text.Append("| Variant |").AppendJoin("", columns.Select(c => $" {c.Heading} |")).Append(" Outcome |\n| :-- |").AppendJoin("", columns.Select(_ => " --: |")).Append(" :-- |\n");
        foreach (VariantResult variant in comparison.Variants)
        {
            text.Append("| ").Append(Escape.MarkdownCode(variant.Name)).Append(" |");
            foreach (Column column in columns) text.Append(' ').Append(variant.IsMeasured ? column.Cell(comparison, variant) : "").Append(" |");
            string said = variant.Status == VariantStatus.Ok ? variant.Verified is true ? "verified" : "" : $"**{VariantResult.NameOf(variant.Status)}**";
            if (variant.Reason is { } reason) said += (said.Length > 0 ? " " : "") + Escape.MarkdownCode(reason);
            text.Append(' ').Append(said).Append(" |\n");
        }
        text.Append("\nSizes are bytes. ");
        text.AppendJoin(' ', VariantsText.Notes(comparison).Where(n => !n.StartsWith('+')).Select(n => Escape.Visible(n)));
        return text.Append('\n').ToString();
    }

    private static string Bytes(long? bytes) => bytes is { } size ? size.ToString("N0", CultureInfo.InvariantCulture) : "-";
}
