using System.Globalization;
using System.Text;
using BinarySize.Variants;

namespace BinarySize.Rendering;

/// <summary>
/// What ships of each variant as horizontal bars: an SVG file without scripts, fonts or links of its own, that follows the
/// reader's dark mode.
/// </summary>
public static class VariantsChart
{
    private const int Width = 720, Row = 22, Bar = 14, Label = 200, Number = 84, MaxName = 30;

    /// <summary>The chart; variants without a size are told in words.</summary>
    public static string Render(Comparison comparison)
    {
        ArgumentNullException.ThrowIfNull(comparison);
        int height = (comparison.Variants.Count * Row) + 12;
        long largest = Math.Max(1, comparison.Variants.Max(v => v.ShippedSize ?? 0));
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"""
            <svg xmlns="http://www.w3.org/2000/svg" width="{Width}" height="{height}" viewBox="0 0 {Width} {height}" role="img" font-family="sans-serif" font-size="12">
            <title>Bytes that ship, by variant</title>
            <style>text {"{"} fill: #1f2328 {"}"} rect {"{"} fill: #0969da {"}"} rect.broken {"{"} fill: #9a6700 {"}"} @media (prefers-color-scheme: dark) {"{"} text {"{"} fill: #e6edf3 {"}"} rect {"{"} fill: #4493f8 {"}"} {"}"}</style>

            """);
        for (int i = 0; i < comparison.Variants.Count; i++)
        {
            VariantResult variant = comparison.Variants[i];
            int y = 6 + (i * Row), middle = y + (Bar / 2) + 4;
            text.Append(CultureInfo.InvariantCulture, $"<text x=\"{Label - 8}\" y=\"{middle}\" text-anchor=\"end\">{Escape.Html(Escape.Visible(variant.Name, MaxName))}</text>");
            if (variant.ShippedSize is { } size)
            {
                double length = Math.Max(1, (double)(Width - Label - Number) * size / largest);
                string broken = variant.Status == VariantStatus.Ok ? "" : " class=\"broken\"";
                text.Append(CultureInfo.InvariantCulture, $"<rect{broken} x=\"{Label}\" y=\"{y}\" width=\"{length:0.#}\" height=\"{Bar}\"/>");
                text.Append(CultureInfo.InvariantCulture, $"<text x=\"{Label + length + 6:0.#}\" y=\"{middle}\">{Budgets.ByteSize.Format(size)}</text>\n");
            }
            else text.Append(CultureInfo.InvariantCulture, $"<text x=\"{Label}\" y=\"{middle}\">{VariantResult.NameOf(variant.Status)}</text>\n");
        }
        return text.Append("</svg>\n").ToString();
    }
}
