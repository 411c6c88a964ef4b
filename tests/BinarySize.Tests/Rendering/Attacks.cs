using BinarySize.Artifacts;
using BinarySize.Mapping;
using BinarySize.Reports;

namespace BinarySize.Tests.Rendering;

/// <summary>Names that somebody may put into a binary to be run, hidden or misread where a report is shown.</summary>
internal static class Attacks
{
    public static string[] All { get; } =
    [
        "::error::owned", "  ::warning file=a::owned", "\u00a0::set-output name=a::b", "\u200b::error::x", "::", ":::::",
        "##vso[task.setvariable variable=PATH]/evil", "x ##vso[task.complete result=Failed;]", "##teamcity[buildStatus status='FAILURE']",
        "##[command]rm", "###[group]x", "####", "#\u200b#[error]x", "##", "C##",
        "\u001b[31mred\u001b[0m", "\u001b]8;;http://evil\u001b\\click", "\u009b31m", "a\u202egnp.exe", "a\u2066b\u2069", "zero\u200bwidth\u200d\ufeff", "soft\u00adhyphen",
        "line\r\n::error::next", "line\n##[error]next", "next\u0085line", "ls\u2028ps\u2029", "nul\0byte", "tab\tbell\adel\u007f", "\b\b\bback",
        "lone\ud800high", "lone\udc00low", "\ud83d\ude00 pair", "\udb40\udc41 tag", "end\ud83d",
        "`", "``", "` ``` `", "`code` <b>", "a|b", "a\\|b", "a\\\\|b", "\\", "|", "| --- |", "[x](javascript:alert(1))", "![i](http://evil/x.png)", "@everyone #1", "<!-- c", "_a_*b*~c~", "$x$", " padded ", "  ", " ` ",
        "<script>alert(1)</script>", "</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", "\"><svg/onload=alert(1)>", "' onmouseover='x", "&lt;b&gt; &amp;", "]]>", "<details>",
        "=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1+1", "\r=1+1", "\uff1d1+1", "a,b", "say \"hi\"", "\"", "%0A::error::x", "100%", "%25", "a;b]c", "it's [x] |n",
        "List`1", "Dictionary`2+<>c__DisplayClass0_0`1.<Main>b__0", "System.Collections.Generic.Dictionary<string, int>", "operator|(int, int)", "Größe", "名前.dll", "",
        new string('x', 10_000), new string('#', 10_000), new string('`', 10_000), new string('\u202e', 10_000), new string('|', 10_000), string.Concat(Enumerable.Repeat("\\uabc|", 2000)), new string('\ud800', 10_000),
    ];

    /// <summary>Parts that must stand nowhere in what a CI system reads.</summary>
    public static string[] Triggers { get; } = ["##", "\u001b", "\u202e", "\u200b", "\0", "\u0085", "\u2028", "\u009b"];

    /// <summary>A report with every attack at every place where a name can stand.</summary>
    public static Report Report()
    {
        var root = new ReportNode("out/##vso[task.complete]::x", "artifact");
        long size = 1000;
        foreach (string name in All)
        {
            var file = new ReportNode(name, "file") { Package = name.Length is 0 or > 1000 ? null : $"{name} 1.0" };
            file.AddChild(new ReportNode(name, "section") { Direct = 40 * size });
            file.AddChild(new ReportNode($"x {name}", "symbol") { Direct = size, Basis = Basis.Estimated });
            root.AddChild(file);
            size += 1000;
        }
        root.Seal();
        List<ReportBudget> budgets = [.. All.Select((name, i) => new ReportBudget(name, "file", name, "raw", i * 100_000, i % 3 == 0 ? null : 5_000_000, i % 3 == 0 ? 1_000_000 : null, (string[])["ok", "near", "over", "unknown"] is var v ? v[i % 4] : "", name, [new ReportMatch(name, 1)], 1))];
        List<MapWarning> warnings = [.. All.Select(name => new MapWarning(MapWarningCodes.Damaged, $"'{name}': it is damaged"))];
        return new Report([new ReportArtifact(root.Name, ArtifactKind.Folder, root.Size, All.Length, root, warnings)], budgets,
            new ReportToolchain("src/##[x]/::My\u202eApp.csproj", "Publish", "net10.0", "linux-x64", "Release`", "10.0.100", "0.1.0"));
    }
}
