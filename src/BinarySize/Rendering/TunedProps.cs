using System.Globalization;
using System.Text;
using BinarySize.Variants;

namespace BinarySize.Rendering;

/// <summary>The combination that a search found, as a file for MSBuild: a commented line a setting.</summary>
public static class TunedProps
{
    /// <summary>Name of the file, beside the project.</summary>
    public const string FileName = "BinarySize.Tuned.props";

    /// <summary>The file's text.</summary>
    public static string Render(TuneResult result, string project)
    {
        ArgumentNullException.ThrowIfNull(result);
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"""
            <Project>
              <!--
                Written by "binarysize tune": what makes {Comment(project)} smaller, measured on it.
                {Comment(TuneText.Summary(result))}{(result.Stopped is { } stopped ? "; not finished: " + Comment(stopped) : "")}
                Take it with <Import Project="{FileName}" /> in the project; what the project sets below that wins.
              -->

            """);
        if (result.Kept.Any(t => t.Candidate.Items.Any(i => i.Type == "BinarySizeCut"))) text.Append("\n  <!-- Cuts (BinarySizeCut) need a reference to the package BinarySize.Build. -->\n");
        foreach (TuneTrial trial in result.Kept)
        {
            string saved = (trial.Together ?? trial.Alone) is { } bytes ? string.Create(CultureInfo.InvariantCulture, $"saves {bytes:N0} bytes here") : "not measured by itself";
            text.Append(CultureInfo.InvariantCulture, $"\n  <!-- {Comment(trial.Candidate.Name)}: {saved}; gives up {Comment(trial.Candidate.GivesUp)} -->\n");
            string condition = trial.Candidate.Runtime.Length > 0 ? $" Condition=\"$(RuntimeIdentifier.StartsWith('{Escape.Html(trial.Candidate.Runtime)}'))\"" : "";
            if (trial.Candidate.Settings.Count > 0)
            {
                text.Append(CultureInfo.InvariantCulture, $"  <PropertyGroup{condition}>\n");
                foreach (Setting setting in trial.Candidate.Settings) text.Append(CultureInfo.InvariantCulture, $"    <{setting.Name}>{Escape.Html(setting.Value)}</{setting.Name}>\n");
                text.Append("  </PropertyGroup>\n");
            }
            if (trial.Candidate.Items.Count > 0)
            {
                text.Append(CultureInfo.InvariantCulture, $"  <ItemGroup{condition}>\n");
                foreach (SettingItem item in trial.Candidate.Items) text.Append(CultureInfo.InvariantCulture, $"    <{item.Type} Include=\"{Escape.Html(item.Include)}\" />\n");
                text.Append("  </ItemGroup>\n");
            }
        }
        return text.Append("</Project>\n").ToString();
    }

    // "--" ends a comment in the eyes of some readers, and may not stand in it.
    private static string Comment(string text)
    {
        string comment = Escape.Visible(text, 300).Replace("->", "to", StringComparison.Ordinal);
        while (comment.Contains("--", StringComparison.Ordinal)) comment = comment.Replace("--", "- -", StringComparison.Ordinal);
        return comment;
    }
}
