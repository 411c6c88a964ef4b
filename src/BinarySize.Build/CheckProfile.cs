using System.Text;
using BinarySize.Budgets;
using BinarySize.Gate;
using BinarySize.IO;
using BinarySize.Rendering;
using BinarySize.Rendering.Ci;
using BinarySize.Shrinking;
using Microsoft.Build.Framework;
using Task = Microsoft.Build.Utilities.Task;

namespace BinarySize.Build;

/// <summary>
/// Checks a profile before it bites: its name, and the app's own code against what its settings take away. Where neither
/// code nor settings changed it repeats what it said.
/// </summary>
[MSBuildMultiThreadableTask]
public sealed class CheckProfile : Task
{
    /// <summary>Value of BinarySizeProfile.</summary>
    [Required]
    public string Profile { get; set; } = "";

    /// <summary>Names of all profiles, by their files; none where the name is known to be one.</summary>
    public string[] Known { get; set; } = [];

    /// <summary>Full path of the project.</summary>
    [Required]
    public string ProjectFile { get; set; } = "";

    public string? TargetFramework { get; set; }

    /// <summary>The app's own assemblies; none where only the name is to be checked.</summary>
    public ITaskItem[] Assemblies { get; set; } = [];

    /// <summary>Settings in force, as "Name=value".</summary>
    public string[] Settings { get; set; } = [];

    /// <summary>The same settings as the project made them, empty where it did not; what it chose itself is no news to it.</summary>
    public string[] Chosen { get; set; } = [];

    /// <summary>A folder of the intermediate output, for what is remembered between builds.</summary>
    public ITaskItem? StateDirectory { get; set; }

    /// <summary>True where there was nothing to tell.</summary>
    [Output]
    public bool IsQuiet { get; set; }

    /// <inheritdoc/>
    public override bool Execute()
    {
        if (Known.Length > 0 && !Known.Contains(Profile.Trim(), StringComparer.OrdinalIgnoreCase))
        {
            SourceLocation at = ProjectSource.FindProperty(ProjectFile, "BinarySizeProfile");
            string meant = Nearest.Find(Profile, Known) is { } near ? $" Did you mean '{near}'?" : "";
            Log.LogError(null, "BSZ1005", null, MeasureArtifact.HelpRoot + "BSZ1005.md", at.File, at.Line, at.Column, 0, 0, "{0}",
                Escape.LogLine($"BinarySizeProfile is '{Profile}', which is not a profile.{meant} Known are: {string.Join(", ", Known)}."));
            return false;
        }
        if (Assemblies.Length == 0) return true;
        var settings = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach ((string name, string value) in Pairs(Settings))
        {
            if (ProfileConflicts.Settings.TryGetValue(name, out string? cuts) && value.Equals(cuts, StringComparison.OrdinalIgnoreCase)) settings.Add(name);
        }
        foreach ((string name, string value) in Pairs(Chosen))
        {
            if (value.Length > 0) settings.Remove(name);
        }
        IsQuiet = settings.Count == 0;
        if (IsQuiet) return true;

        byte[] key = Encoding.UTF8.GetBytes(Key(settings));
        string? stateFile = StateDirectory is null ? null : Path.Combine(StateDirectory.GetMetadata("FullPath"), "Profile.state");
        GateState state = (stateFile is null ? null : GateState.TryRead(stateFile, key)) ?? Scan(settings, key, stateFile);
        foreach (CiFinding f in state.Findings) Log.LogWarning(null, f.Code, null, $"{MeasureArtifact.HelpRoot}{f.Code}.md", f.File, f.Line, f.Column, 0, 0, "{0}", f.Message);
        IsQuiet = state.Findings.Length == 0;
        return true;
    }

    private GateState Scan(HashSet<string> settings, byte[] key, string? stateFile)
    {
        var findings = new List<CiFinding>();
        foreach (ITaskItem assembly in Assemblies)
        {
            try
            {
                foreach (ProfileConflict c in ProfileConflicts.Find(assembly.GetMetadata("FullPath"), settings))
                {
                    string value = ProfileConflicts.Settings[c.Setting];
                    string message = $"{c.Where} {c.What}, but with the profile {Profile} {c.Setting} is {value}: {c.Consequence}. Change the code, or set {c.Setting} to {(value == "true" ? "false" : "true")} in the project.";
                    (string file, int line, int column) = c.File is null ? (ProjectFile, 0, 0) : (ProjectSource.FindSource(ProjectFile, c.File), c.Line, c.Column);
                    findings.Add(new CiFinding(false, c.Code, Escape.LogLine(message), file, line, column));
                }
            }
            catch (Exception e) when (e is BadImageFormatException or IOException or UnauthorizedAccessException or InvalidOperationException)
            {
                Log.LogMessage(MessageImportance.Low, "{0}", Escape.LogLine($"'{assembly.ItemSpec}' was not checked against the profile: {e.Message}"));
            }
        }
        var state = new GateState(key, "", [], [.. findings], [], [], null);
        try
        {
            if (stateFile is not null)
            {
                Directory.CreateDirectory(Path.GetDirectoryName(stateFile)!);
                state.Write(stateFile);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Log.LogMessage(MessageImportance.Low, "{0}", Escape.LogLine($"State of the profile's check not kept: {e.Message}"));
        }
        return state;
    }

    private string Key(HashSet<string> settings)
    {
        var key = new StringBuilder();
        key.Append(typeof(CheckProfile).Module.ModuleVersionId).Append('\n').Append(ProjectFile).Append('\n').Append(Profile).Append('\n').Append(TargetFramework).Append('\n').AppendJoin(';', settings.Order(StringComparer.Ordinal));
        foreach (ITaskItem assembly in Assemblies)
        {
            var file = new FileInfo(assembly.GetMetadata("FullPath"));
            key.Append('\n').Append(file.FullName);
            if (file.Exists) key.Append('|').Append(file.Length).Append('|').Append(file.LastWriteTimeUtc.Ticks);
        }
        return key.ToString();
    }

    private static IEnumerable<(string Name, string Value)> Pairs(string[] settings)
    {
        foreach (string setting in settings)
        {
            int equals = setting.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0) yield return (setting[..equals].Trim(), setting[(equals + 1)..].Trim());
        }
    }
}
