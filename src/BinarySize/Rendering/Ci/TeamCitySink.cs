using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace BinarySize.Rendering.Ci;

/// <summary>
/// TeamCity: statistics, which it draws over builds by key, and build problems. A problem's description has at most 4000
/// characters, its identity 60; a statistic's value has at most 13 digits (jetbrains.com/help/teamcity/service-messages.html).
/// </summary>
internal static class TeamCitySink
{
    private const int MaxDescription = 4000, MaxFigures = 100;

    private const long MaxValue = 9_999_999_999_999;

    public static CiOutput Tell(CiMessage message, CiContext context)
    {
        var lines = new List<string>();
        int artifact = 0;
        foreach (CiFigure figure in message.Figures.Take(MaxFigures))
        {
            string key = figure.IsBudget ? $"budget.{Slug.Of(figure.Name)}" : artifact++ == 0 ? "size" : $"size.{Slug.Of(figure.Name)}";
            if (figure.Value <= MaxValue && figure.Verdict != "unknown") lines.Add(FormattableString.Invariant($"##teamcity[buildStatisticValue key='binarysize.{message.Id}.{key}' value='{figure.Value}']"));
        }
        if (context.Annotate) lines.AddRange(CiSink.Annotations(message.Findings, f => Problem(f, message.Id)));
        return new CiOutput { Lines = lines };
    }

    private static string Problem(CiFinding finding, string id)
    {
        string text = Value($"{finding.Code}: {finding.Message}");
        if (!finding.IsError) return $"##teamcity[message text='{text}' status='WARNING']";
        // The same problem of the next build has the same identity, whatever numbers it tells.
        string place = $"{id}\n{finding.Code}\n{CiNames.Subject(finding.Message)}";
        string identity = $"{finding.Code}_{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(place)))[..24]}";
        return $"##teamcity[buildProblem description='{text}' identity='{identity}']";
    }

    // Escapes count for one character each when they are read, but a cut must not go through one.
    private static string Value(string text) => Escape.TeamCity(Escape.Shorten(text, MaxDescription));
}
