using System.Globalization;
using System.Text;
using BinarySize.Variants;

namespace BinarySize.Rendering;

/// <summary>Variants as GitHub-flavoured Markdown; every name and reason stands in a code span of its own.</summary>
public static class VariantsMarkdown
{
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
        text.Append("| Variant | Ships | Change | Main binary | gzip | brotli | Build | Start-up | Memory | Verified |\n| :-- | --: | --: | --: | --: | --: | --: | --: | --: | :-- |\n");
        foreach (VariantResult variant in comparison.Variants)
        {
            string name = Escape.MarkdownCode(variant.Name);
            if (!variant.IsMeasured)
            {
                text.Append(CultureInfo.InvariantCulture, $"| {name} | {VariantResult.NameOf(variant.Status)} | | | | | | | | {(variant.Reason is { } why ? Escape.MarkdownCode(why) : "")} |\n");
                continue;
            }
            string verified = variant.Verified switch { true => "yes", false => "**no** " + Escape.MarkdownCode(variant.Reason ?? ""), _ => "-" };
            text.Append(CultureInfo.InvariantCulture,
                $"| {name} | {Bytes(variant.ShippedSize)} | {VariantsText.Change(comparison, variant)} | {Bytes(variant.BinarySize)} | {Bytes(variant.GzipSize)} | {Bytes(variant.BrotliSize)} | {VariantsText.Seconds(variant)} | {VariantsText.Milliseconds(variant)} | {VariantsText.Size(variant.PeakMemory)} | {verified} |\n");
        }
        text.Append("\nSizes are bytes. ");
        text.AppendJoin(' ', VariantsText.Notes(comparison).Where(n => !n.StartsWith('+')).Select(n => Escape.Visible(n)));
        return text.Append('\n').ToString();
    }

    private static string Bytes(long? bytes) => bytes is { } size ? size.ToString("N0", CultureInfo.InvariantCulture) : "-";
}
