using BinarySize.Rendering;
using BinarySize.Variants;
using Microsoft.Build.Framework;
using Task = Microsoft.Build.Utilities.Task;

namespace BinarySize.Build;

/// <summary>In the build of a variant: trimmed assemblies name their symbols where a build by hand has them.</summary>
[MSBuildMultiThreadableTask]
public sealed class MapSymbolPaths : Task
{
    /// <summary>The assemblies.</summary>
    [Required]
    public ITaskItem[] Assemblies { get; set; } = [];

    /// <summary>The folder that they name.</summary>
    [Required]
    public string From { get; set; } = "";

    /// <summary>The folder that they are to name, with a path of the same length.</summary>
    [Required]
    public string To { get; set; } = "";

    /// <inheritdoc/>
    public override bool Execute()
    {
        foreach (ITaskItem assembly in Assemblies)
        {
            try
            {
                SymbolPaths.Replace(assembly.GetMetadata("FullPath"), From, To);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                Log.LogMessage(MessageImportance.Low, "{0}", Escape.LogLine($"'{assembly.ItemSpec}' keeps the path of its symbols: {e.Message}"));
            }
        }
        return true;
    }
}
